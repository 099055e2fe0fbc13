"""The parts screens are made of, one file per part."""
