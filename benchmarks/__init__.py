"""Programs that measure the project; each docstring states the quantity and the command."""
