"""`medtui runs`: looks at runs, checks their files, and packs them."""
