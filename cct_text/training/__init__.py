"""Training: recipes, the loop, checkpoints, metrics."""
