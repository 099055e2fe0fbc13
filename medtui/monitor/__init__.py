"""Reads run folders while they are being written, for every reader. Imports no screen."""
