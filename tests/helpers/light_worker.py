"""A worker without torch: `python light_worker.py RUN_FOLDER CYCLES SILENT_SECONDS`.

It owns a run and writes log and result with the code of the real one, and continues from the last
cycle in the log. Heartbeats are fast. A line on stdin lets it write the next cycle.
"""

# ruff: noqa: T201 - its stdout is its protocol
import sys
from pathlib import Path

import msgspec

from medtui.errors import MedtuiError
from medtui.events import RunFinished, RunStarted, RunStopped, StageStarted
from medtui.runs.completion import adopt_result
from medtui.runs.folder import RunFolder
from medtui.runs.log.writer import EventWriter
from medtui.runs.ownership import heartbeat, lock
from medtui.runs.result import write_result
from tests.helpers.small_study import cycle_ended, result_of


def main() -> int:
    """Work until the last cycle or a request to stop."""
    run, cycles = RunFolder(Path(sys.argv[1])), int(sys.argv[2])
    heartbeat.BEAT_SECONDS = 0.05
    lock.SILENT_SECONDS = float(sys.argv[3])
    reasons: list[str] = []
    try:
        with lock.FolderLock(run.lock) as own:
            own.heartbeat.on_stop = reasons.append
            if adopt_result(run, own.claim):
                return 0
            with EventWriter(run.events, claim=own.claim) as log:
                return work(run, log, cycles, reasons)
    except MedtuiError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def work(run: RunFolder, log: EventWriter, cycles: int, reasons: list[str]) -> int:
    """Write what is missing of the run."""
    done = max(log.history.cycles.get("compress", {-1: None})) + 1
    log.write(RunStarted(1, "here", "cpu", resumed_at=done or None))
    log.write(StageStarted("compress", cycles, 1))
    print("ready", flush=True)
    for cycle in range(done, cycles):
        if not sys.stdin.readline() or reasons:
            log.write(RunStopped(reasons[0] if reasons else "end of input", cycle))
            return 4
        log.write(cycle_ended(cycle, 0.5))
        print(cycle, flush=True)
    result = msgspec.structs.replace(result_of(run, 0.5), generation=log.generation)
    write_result(run, result, log.fence)
    log.write(RunFinished(1.0))
    print("finished", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
