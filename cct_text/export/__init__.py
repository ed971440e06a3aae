"""A run as files for places where this library is not."""
