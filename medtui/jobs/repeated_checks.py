"""Checks a preset again and again while it is edited, without importing torch each time."""

import subprocess
from collections.abc import Callable

from medtui.child_process import ChildProcess, child_environment
from medtui.fork_server import ForkServer
from medtui.jobs.measured_estimates import measure
from medtui.preset import Preset
from medtui.protocol.preflight import Preflight

CHECK_MODULES = ("medtui.engine.preflight", "torch_pruning", "scipy.stats", "sklearn.metrics")
"""What a check with an estimate imports."""


class RepeatedChecks:
    """Measures presets by processes that a fork server forks from the second one on.

    The server is started after the first check, so that its imports do not slow down what that one
    measures, and because there may be no second one.
    """

    def __init__(self) -> None:
        self._server = ForkServer(
            CHECK_MODULES, child_environment(), stderr=subprocess.DEVNULL, warn=_ignore
        )
        self._is_closed = False

    def measure(
        self, preset: Preset, started: Callable[[ChildProcess[Preflight]], object]
    ) -> Preflight:
        """Check a preset as `measured_estimates.measure` does; blocks.

        Raises:
            MedtuiError: as for `launcher.preflight`.
        """
        try:
            return measure(preset, started, self._server)
        finally:
            if not self._is_closed:
                self._server.start()

    def close(self) -> None:
        """End the server; a check that is running continues."""
        self._is_closed = True
        self._server.close()


def _ignore(_warning: str) -> None:
    """Do nothing: a check without a server only takes longer."""
