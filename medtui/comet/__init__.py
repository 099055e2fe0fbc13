"""Comet: each run becomes one experiment, written by a process of its own that reads the run's log.

comet_ml replaces `sys.excepthook` and prints to stderr as soon as it is imported, so `experiment`
alone imports it, and only the processes `follower` and `upload` call that.
"""
