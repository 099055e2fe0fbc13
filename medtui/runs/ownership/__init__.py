"""Who writes a folder: owner records, locks, heartbeats, and requests to stop."""
