"""Image files below a folder: found, told from other files, matched with names."""
