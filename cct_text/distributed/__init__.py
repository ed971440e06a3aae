"""Prediction of many files by many processes, on one machine or a cluster, with Ray Data."""
