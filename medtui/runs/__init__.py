"""Run folders: written by one process, read by all others. Imports no torch and no UI."""
