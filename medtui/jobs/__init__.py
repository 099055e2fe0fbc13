"""Starts and supervises the processes of a study. Imports no torch and no screen."""
