"""The preset editor: its screens, document, and grid of schemes and densities."""
