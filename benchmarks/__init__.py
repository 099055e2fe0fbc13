"""Programs that measure the project: each states in its docstring what and how to run it."""
