"""medtui: compress medical image classifiers with Condensa, and watch it happen, in a terminal."""

__version__ = "0.2.0"
