"""Small file sets in published and reported layouts, each with its right answer."""
