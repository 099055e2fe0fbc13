"""Image files to pixels, in processes that may die. Imports little: every child starts with it."""
