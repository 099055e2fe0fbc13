"""A preset being edited: its document, its grid of schemes and densities."""
