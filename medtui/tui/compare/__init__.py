"""The Compare screen: what it reads and computes, its table and its tabs."""
