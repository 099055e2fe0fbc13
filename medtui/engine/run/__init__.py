"""A run from its preset to its result: pipeline, session, checkpoints and provenance."""
