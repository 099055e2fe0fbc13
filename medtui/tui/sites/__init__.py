"""Finished runs on other data sets."""
