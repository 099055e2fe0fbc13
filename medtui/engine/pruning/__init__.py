"""Schemes, thresholds and channel groups: what compression removes, and its accounting."""
