"""`medtui data`: data sets and their cards."""
