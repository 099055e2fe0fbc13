"""Experiment trackers: the protocol of a tracker, and the process that follows a run for one.

For tracker implementations (`medtui.comet`); imports none of them.
"""
