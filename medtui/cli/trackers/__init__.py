"""Records finished runs with experiment trackers."""
