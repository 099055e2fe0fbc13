"""Run folders: one process writes, everything else reads. Knows no torch and no screen."""
