"""Many runs side by side, as a pure function of their folders: for screens, verbs and reports.

A table reads result files alone; predictions, telemetry and logs are opened when a number or a
curve of theirs is asked for.
"""
