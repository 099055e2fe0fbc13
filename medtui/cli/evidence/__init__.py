"""States what is known of a finished run: its card, and whether it passes a plan."""
