"""Compression schemes, thresholds, channel groups, and the size of the compressed model."""
