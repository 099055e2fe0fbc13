"""The event log of a run: written by its process, read while it is written."""
