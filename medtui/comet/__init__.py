"""Comet as a tracker: each run becomes one experiment, written by a process of its own.

comet_ml replaces `sys.excepthook` and prints to stderr as soon as it is imported, so `experiment`
alone imports it, and only the processes `follower` and `upload` use `experiment`.
"""
