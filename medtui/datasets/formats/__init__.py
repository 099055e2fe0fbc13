"""The data set formats that a card may name, one module each."""
