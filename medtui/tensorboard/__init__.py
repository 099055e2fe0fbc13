"""TensorBoard as a tracker: event files in each run's folder, written by a process of its own."""
