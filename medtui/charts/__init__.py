"""Charts: plots, which do not depend on a renderer, and their renderers."""
