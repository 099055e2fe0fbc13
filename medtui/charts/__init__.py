"""What charts show and how they are drawn: plots without a renderer, and their renderers."""
