"""Real workers without the seconds of torch's import: forked from a process that has imported it.

`python -m tests.helpers.zygote` reads one JSON object a line: the run's folder and environment
variables. It prints the pid of the worker, and its exit status when it has ended. Networks are
tiny, and checkpoints are written as often as possible.
"""

# ruff: noqa: T201 - its stdout is its protocol
import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from medtui.runs.folder import RunFolder
from tests.helpers.fault_scale import FACTOR
from tests.helpers.paths import REPOSITORY

SCHEMES = ["Prune", "FilterPrune", "PruneQuantize16", "StructPrune"][: 4 if FACTOR else 1]

PRESET = f"""
name = "killed"
[data]
card = "demo"
limit = 48
[reference]
epochs = 4
batch_size = 16
lr = 0.01
[compress]
schemes = {SCHEMES}
densities = [0.3]
[lc]
cycles = 4
steps = 6
batch_size = 16
mu_init = 0.5
[guard]
recalibrate_images = 32
[evaluate]
bootstrap = 20
[machine]
device = "cpu"
threads = 1
reference_threads = 1
"""


@dataclass
class Worker:
    """A worker that was forked."""

    pid: int
    zygote: subprocess.Popen[str]
    status: int | None = None

    def wait(self) -> int:
        """Return its exit status, negative for a signal."""
        if self.status is None:
            self.status = int(self.zygote.stdout.readline())
        return self.status

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8")
        except OSError:
            return True
        return stat.rpartition(")")[2].split()[0] in "ZX"


class Zygote:
    """The process that forks workers, one at a time."""

    def __init__(self, preload: Path | None = None, module: str = "tests.helpers.zygote") -> None:
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
        if preload is not None:
            environment |= {"LD_PRELOAD": str(preload), "ZYGOTE_SHIM": str(preload)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        assert self._process.stdout.readline() == "ready\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def start(self, run: RunFolder, **environment: str) -> Worker:
        """Start a worker on a run."""
        print(json.dumps([str(run.path), environment]), file=self._process.stdin, flush=True)
        return Worker(int(self._process.stdout.readline()), self._process)


def main() -> None:
    """Fork workers until stdin ends."""
    import medtui.engine.opening.opener
    import medtui.engine.run.checkpoint
    import medtui.engine.run.finalize
    import medtui.engine.run.pipeline
    import medtui.evidence.gate
    from tests.helpers.tiny_sessions import tiny_network

    medtui.engine.run.checkpoint.COST_SHARE = 1.0
    medtui.engine.run.pipeline.build_network = lambda *_, **__: tiny_network()
    serve(work)


def serve(work: Callable[[RunFolder, dict[str, str]], None]) -> None:
    """Fork a process for each request; `work` ends it."""
    print("ready", flush=True)
    for line in sys.stdin:
        folder, environment = json.loads(line)
        pid = os.fork()
        if pid == 0:
            work(RunFolder(Path(folder)), environment)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def begin(log: Path, environment: dict[str, str]) -> None:
    """Write into a log from here on, and let file operations fail as the environment says."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.update(environment)
    if "ZYGOTE_SHIM" in os.environ:
        ctypes.CDLL(os.environ["ZYGOTE_SHIM"]).fault_begin()


def work(run: RunFolder, environment: dict[str, str]) -> None:
    """Become the worker of a run, or its gate by the plan `GATE_PLAN`, and end with it."""
    import medtui.worker
    from tests.helpers.forked_gate import gate

    status = 1
    try:
        plan, count = environment.get("GATE_PLAN"), environment.get("GATE_COUNT")
        begin(run.study.path.parent / "gate.log" if plan else run.worker_log, environment)
        if plan is not None:
            gate(run, Path(plan), Path(count) if count else None)
            status = 0
        else:
            sys.argv = ["worker", str(run.path), "--device", "cpu"]
            status = medtui.worker.main()
    except BaseException:  # noqa: BLE001 - as at the end of an interpreter
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
