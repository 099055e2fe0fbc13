"""Reads run folders while they are being written, for screens, commands, reports and trackers."""
