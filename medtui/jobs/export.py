"""Starts the process that writes a run's model as files. For command line and screen."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress

import msgspec

from medtui.errors import EnvironmentProblem
from medtui.runs.exporting import Answer, ExportPlan, Refused
from medtui.runs.folder import RunFolder

_decoder: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)

_PATIENCE_SECONDS = 10.0
"""How long a process that was called off may take to tidy up."""


class ExportProcess:
    """A process that exports, and can be called off; what it leaves is whole files or none."""

    def __init__(self, run: RunFolder, plan: ExportPlan) -> None:
        self._run = run
        self._plan = plan
        self._is_cancelled = False
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the object
        self._process = subprocess.Popen(
            [sys.executable, "-m", "medtui.engine.export", str(run.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env=os.environ | {"OMP_WAIT_POLICY": "PASSIVE"},
        )

    def follow(self, tell: Callable[[Answer], object]) -> list[Refused]:
        """Wait for its end; `tell` hears how far it is. Gives the reasons for what is not there.

        Raises:
            EnvironmentProblem: the process vanished.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        refused = []
        with suppress(BrokenPipeError), self._process.stdin as stdin:
            stdin.write(msgspec.json.encode(self._plan))
        for line in self._process.stdout:
            try:
                answer = _decoder.decode(line)
            except msgspec.DecodeError:
                continue  # a library's own words
            if isinstance(answer, Refused):
                refused.append(answer)
            tell(answer)
        code = self._process.wait()
        if code and not refused and not self._is_cancelled:
            raise EnvironmentProblem(
                f"The export of {self._run.study.name}/{self._run.name} ended without an answer: "
                f"{self._last_words() or f'exit status {code}'}"
            )
        return refused

    def stop(self) -> None:
        """Call it off; `follow` ends once its temporary files are gone."""
        self._is_cancelled = True
        self._process.terminate()

    def cancel(self) -> None:
        """Call it off, and wait until its temporary files are gone."""
        self.stop()
        try:
            self._process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _last_words(self) -> str:
        self._complaints.seek(0)
        return self._complaints.read().decode(errors="replace").strip().rpartition("\n")[2]
