"""Plots of results; needs the extra `report` (matplotlib)."""
