"""Decodes image files in child processes that may crash. Imports little: each child loads it."""
