"""One run from its preset to its result, with its session, checkpoints and provenance."""
