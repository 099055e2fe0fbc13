"""The thread of a folder's owner that shows that it is alive, and looks for requests to stop."""

import threading
from collections.abc import Callable

from medtui.runs.ownership.claim import OwnClaim, Superseded
from medtui.runs.ownership.stop_request import StopRequest, read_stop

BEAT_SECONDS = 2.0
"""Time between two heartbeats."""


class Heartbeat:
    """Rewrites the owner record until it ends, or until the owner is superseded."""

    def __init__(self, claim: OwnClaim) -> None:
        self.on_stop: Callable[[str], object] | None = None
        """Called in the thread for each request to stop, with its reason; requests wait for it."""
        self.on_superseded: Callable[[str], object] | None = None
        """Called in the thread when another process has taken the folder over."""
        self._claim = claim
        self._token = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def end(self) -> None:
        """End the thread, and wait for it."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            try:
                self._claim.beat()
            except Superseded as error:
                if self.on_superseded is not None:
                    self.on_superseded(error.message)
                return
            except OSError:
                continue  # the next heartbeat tries again; writers report what they cannot write
            self._deliver(read_stop(self._claim.folder, self._claim.generation))

    def _deliver(self, request: StopRequest | None) -> None:
        if request is None or request.token == self._token or self.on_stop is None:
            return
        self._token = request.token
        self.on_stop(request.describe())
