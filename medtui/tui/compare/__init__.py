"""What the Compare screen reads, works out and shows in its tabs."""
