"""Home: the studies of the runs folder, and the parts of its screen."""
