"""Measure lists of many finished runs, and Home over them.

Run it from the repository:

    python -m benchmarks.many_runs make RUNS_DIR 500 20    write 500 studies of 20 finished runs
    python -m benchmarks.many_runs list RUNS_DIR           seconds and MiB without and with an index
    python -m benchmarks.many_runs home RUNS_DIR           first paint, percent of a core and MiB
    python -m benchmarks.many_runs read RUNS_DIR 30        make the index, for 30 s at most
    python -m benchmarks.many_runs newest RUNS_DIR         seconds of `medtui runs list --newest 50`
    python -m benchmarks.many_runs log RUNS_DIR            a run of 1,000,000 events, opened

Studies are copies of one that is recorded as by a real worker. Logs and telemetry, which lists do
not read, are hard links; results and presets are files of their own. Set MEDTUI_CACHE_DIR to a
folder of its own, since `list` deletes the index.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.helpers.pseudo_terminal import Terminal
from tests.helpers.recorded_runs import PRESET, RecordedStudy

NUM_STARTS = 5
IDLE_S = 60.0
SETTLING_S = 15.0
LINKED = ("events.jsonl", "telemetry.jsonl")
COPIES_PER_FILE = 1000
"""File systems limit the links to one file."""
NUM_EVENTS = 1_000_000


def make(runs_dir: Path, num_studies: int, num_runs: int, first: int = 0) -> None:
    """Write studies with so many finished runs each, beginning with number `first`."""
    runs_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=runs_dir.parent) as scratch:
        template = _record(Path(scratch), num_runs)
        for number in range(first, first + num_studies):
            if (number - first) % COPIES_PER_FILE == 0:
                source = Path(scratch) / f"source-{number}"
                shutil.copytree(template, source)
            shutil.copytree(source, runs_dir / f"study-{number:05d}", copy_function=_link_or_copy)
    print(f"{num_studies} studies of {num_runs} runs in {runs_dir}")


def _record(folder: Path, num_runs: int) -> Path:
    densities = ", ".join(f"{0.9 - 0.8 * place / num_runs:.4g}" for place in range(num_runs - 1))
    preset = PRESET.replace("[0.5, 0.1, 0.01]", f"[{densities}]").replace(
        '"Prune", "PruneQuantize16", "FilterPrune", "Quantize16"', '"Prune"'
    )
    study = RecordedStudy(folder, "template", preset=preset.replace("cycles = 45", "cycles = 6"))
    study.reference()
    for run in study.folder.runs():
        if not run.is_reference:
            study.run(run.name)
    return study.folder.path


def _link_or_copy(source: str, target: str) -> None:
    if Path(source).name in LINKED:
        os.link(source, target)
    else:
        shutil.copyfile(source, target)


def measure_list(runs_dir: Path) -> None:
    """Read every study in processes of their own, first without an index."""
    from medtui.monitor.study_index import index_path

    index_path().unlink(missing_ok=True)
    for name in ("without an index", *["with it"] * NUM_STARTS):
        code = f"from benchmarks.many_runs import read_once; read_once({str(runs_dir)!r})"
        told = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout
        print(f"{name}: {told.strip()}")


def read_once(runs_dir: str) -> None:
    """Read every study as Home does, and say how long that took and what it needed."""
    began = time.perf_counter()
    from medtui.monitor.folder_reader import FolderReader

    reader = FolderReader(Path(runs_dir))
    snapshot = reader.read("", refresh_all=True)
    first = time.perf_counter() - began
    while reader.is_behind:
        reader.read_more()
    snapshot = reader.read("", refresh_all=False)
    seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    num_runs = sum(len(study.runs) for study in snapshot.studies)
    print(f"{num_runs} runs in {seconds:.2f} s, shown after {first:.2f} s, {memory:.0f} MiB")


def read_for(runs_dir: Path, seconds: float) -> None:
    """Make the index, or go on with it, for so many seconds."""
    from medtui.monitor.study_catalogue import StudyCatalogue

    catalogue = StudyCatalogue(runs_dir)
    catalogue.scan(is_whole=True)
    catalogue.advance(time.monotonic() + seconds)
    print(f"{catalogue.num_unread} studies are left")


def measure_home(runs_dir: Path) -> None:
    """Open Home, wait until it is at rest, and measure it with its children."""
    began = time.perf_counter()
    terminal = Terminal(runs_dir)
    terminal.read_until(b"study-0")
    painted = time.perf_counter() - began
    terminal.read_for(SETTLING_S)
    before = _cpu_seconds(terminal.process.pid)
    written = len(terminal.read_for(IDLE_S))
    spent = _cpu_seconds(terminal.process.pid) - before
    memory = _memory_mib(terminal.process.pid)
    terminal.press(b"q")
    terminal.process.wait(30)
    print(f"studies shown after {painted:.2f} s; idle: {100 * spent / IDLE_S:.2f} % of a core, "
          f"{written / IDLE_S:.0f} B/s, {memory:.0f} MiB")  # fmt: skip


def measure_newest(runs_dir: Path) -> None:
    """List the newest runs by the command line; the first time makes the index."""
    command = [sys.executable, "-m", "medtui", "runs", "list", "--newest", "50", "--runs-dir",
               str(runs_dir)]  # fmt: skip
    times, busy = [], []
    for _ in range(NUM_STARTS + 1):
        began, spent = time.perf_counter(), _spent_by_children()
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        times.append(time.perf_counter() - began)
        busy.append(_spent_by_children() - spent)
    assert len(told.splitlines()) == 51, told
    print(f"first {times[0]:.2f} s, then median {statistics.median(times[1:]):.2f} s, of which "
          f"{statistics.median(busy[1:]):.2f} s on a processor")  # fmt: skip


def measure_log(runs_dir: Path) -> None:
    """Write a run with a long log, and measure until its end, and all of it, can be shown."""
    from medtui.events import AnyEvent, RunFinished, RunStarted, StageStarted, StepsAdvanced
    from medtui.monitor.folder_reader import FolderReader
    from medtui.runs.log.record import Record, encode_record

    study = RecordedStudy(runs_dir, "long-log")
    run = study.run("prune-0.5", cycles=3)
    lines: list[AnyEvent] = [RunStarted(1, "here", "cpu"), StageStarted("compress", 45, NUM_EVENTS)]
    with run.events.open("wb") as file:
        for seq in range(NUM_EVENTS - 1):
            event = lines[seq] if seq < len(lines) else StepsAdvanced(0, seq, NUM_EVENTS, 0.5, 9.0)
            file.write(encode_record(Record(seq, 1.79e9 + seq, event)))
        file.write(encode_record(Record(NUM_EVENTS - 1, 1.8e9, RunFinished(9.0))))
    reader = FolderReader(runs_dir)
    reader.read("", refresh_all=True)
    began = time.perf_counter()
    view = reader.read(f"{study.folder.name}/{run.name}", refresh_all=False).view
    assert view is not None
    print(f"opened in {time.perf_counter() - began:.2f} s, its last line: {view.lines[-1].text}")
    while reader.is_behind:
        reader.read_more()
    print(f"all of it in {time.perf_counter() - began:.2f} s")


def _spent_by_children() -> float:
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def _cpu_seconds(pid: int) -> float:
    """Return the processor time of a process and its children, living and ended."""
    ticks = 0
    for each in (pid, *_children_of(pid)):
        found = Path(f"/proc/{each}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += sum(map(int, found[11:15] if each == pid else found[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def _memory_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main(arguments: list[str]) -> None:
    """Run one measurement."""
    what, folder, *numbers = arguments
    match what:
        case "make":
            make(Path(folder), *map(int, numbers))
        case "list":
            measure_list(Path(folder))
        case "read":
            read_for(Path(folder), float(numbers[0]))
        case "home":
            measure_home(Path(folder))
        case "newest":
            measure_newest(Path(folder))
        case "log":
            measure_log(Path(folder))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
