"""Follows a study in the foreground: what is new in its folder, printed as lines or a live bar."""
