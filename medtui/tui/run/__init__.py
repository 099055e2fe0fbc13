"""What the panes of the Run screen show, as pure functions from a run's view to rows of cells."""
