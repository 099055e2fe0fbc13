"""Requests to stop a run. Imports no torch: the worker listens before torch is imported."""

from dataclasses import dataclass


class StopRequested(Exception):
    """A stop was requested, and the checkpoint is written."""


@dataclass
class StopFlag:
    """Set by a signal handler; the run reads it after each step."""

    reason: str = ""
    """Why the run should stop; empty while it should continue."""
