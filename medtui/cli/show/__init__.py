"""Prints runs, studies and searches as tables, details and JSON objects."""
