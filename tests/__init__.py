"""The tests of medtui."""
