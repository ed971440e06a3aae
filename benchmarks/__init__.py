"""Measurements: programs that run the project's own commands, keep what came out, and write the tables in docs/."""
