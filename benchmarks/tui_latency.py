"""Measure start-up, key latency and output rate of the TUI in a pseudo-terminal of 120x40.

Run it from the repository:

    python -m benchmarks.tui_latency paint RUNS_DIR        seconds to the first and the full screen
    python -m benchmarks.tui_latency keys RUNS_DIR         milliseconds from a key to the redraw
    python -m benchmarks.tui_latency bytes RUNS_DIR        KiB a second to the terminal, CPU used
    python -m benchmarks.tui_latency idle RUNS_DIR         bytes a second of Home, CPU used
    python -m benchmarks.tui_latency loop RUNS_DIR RUN     milliseconds the loop was blocked
    python -m benchmarks.tui_latency board RUNS_DIR        processor time of Compare on all runs
    python -m benchmarks.tui_latency crowd                 milliseconds to draw many curves

`keys` and `bytes` look at the newest study's first live run; `loop` at RUN (`study/run`).
With `--checkout FOLDER`, the first four start the application of another checkout; `--titles` then
names what its main chart is titled after the keys `1` and `2`, as in
`--checkout ../earlier --titles "Accuracy by" "Loss by"`. `--ahead` has `paint` run before the
processes of other sessions, as on a quiet machine (Linux, root alone). Compile a checkout first
where its modules have no bytecode: `python -m compileall medtui`.
"""

import argparse
import asyncio
import os
import statistics
import time
from pathlib import Path

from tests.helpers.pseudo_terminal import Terminal

NUM_STARTS = 7
NUM_KEYS = 60
WATCH_S = 20.0
SETTLE_S = 5.0
IDLE_S = 60.0
BEAT_S = 0.005
NUM_CURVES, NUM_POINTS, NUM_DRAWS = 200, 10_000, 7
TITLES = ("1 acc\u203a", "2 loss\u203a")
OTHER_CHECKOUT = """
import runpy, sys
sys.path.insert(0, {checkout!r})
sys.argv = ["medtui", "--runs-dir", sys.argv[1]]
runpy.run_module("medtui", run_name="__main__")
"""


def start(runs_dir: Path, checkout: Path | None) -> Terminal:
    """Start the application of this checkout or another one."""
    prologue = OTHER_CHECKOUT.format(checkout=str(checkout.resolve())) if checkout else ""
    return Terminal(runs_dir, prologue=prologue)


def measure_paint(runs_dir: Path, checkout: Path | None, *, is_ahead: bool = False) -> None:
    """Measure several starts, their processor time too, and check whether torch is loaded."""
    firsts, fulls, busy, busy_fulls, has_torch = [], [], [], [], False
    if is_ahead:
        os.setsid()
        _put_ahead("self")
    for _ in range(NUM_STARTS):
        terminal = start(runs_dir, checkout)
        if is_ahead:
            _put_ahead(str(terminal.process.pid))
        firsts.append(terminal.read_until(b"medtui"))
        busy.append(_cpu_seconds(terminal.process.pid))
        fulls.append(terminal.read_until(b"Runs of"))
        busy_fulls.append(_cpu_seconds(terminal.process.pid))
        maps = Path(f"/proc/{terminal.process.pid}/maps").read_text(encoding="utf-8")
        has_torch = has_torch or "libtorch" in maps
        _leave(terminal)
    print(
        f"first paint {statistics.median(firsts):.2f} s "
        f"({statistics.median(busy):.2f} s of processor time), "
        f"full {statistics.median(fulls):.2f} s ({statistics.median(busy_fulls):.2f} s), "
        f"torch loaded: {has_torch}"
    )


def _put_ahead(process: str) -> None:
    """Give the session of a process the highest priority among sessions."""
    Path(f"/proc/{process}/autogroup").write_text("-20", encoding="utf-8")


def measure_keys(runs_dir: Path, checkout: Path | None, titles: tuple[str, str]) -> None:
    """Switch the main chart back and forth, and wait for its title and its axis."""
    terminal = _open_live_run(runs_dir, checkout)
    delays = []
    for number in range(NUM_KEYS):
        key, title = ((b"2", titles[1]), (b"1", titles[0]))[number % 2]
        since, began = len(terminal.output), time.perf_counter()
        terminal.press(key)
        terminal.read_until(title.encode(), since)
        delays.append((time.perf_counter() - began) * 1000)
        terminal.read_for(0.35)
    _leave(terminal)
    delays.sort()
    print(f"key to redraw: median {delays[len(delays) // 2]:.0f} ms, "
          f"p95 {delays[int(len(delays) * 0.95)]:.0f} ms, max {delays[-1]:.0f} ms")  # fmt: skip


def measure_bytes(runs_dir: Path, checkout: Path | None) -> None:
    """Measure the output rate and the processor time of a live run, once it is drawn."""
    _watch(_open_live_run(runs_dir, checkout), WATCH_S)


def measure_idle(runs_dir: Path, checkout: Path | None) -> None:
    """Measure Home, left alone."""
    terminal = start(runs_dir, checkout)
    terminal.read_until(b"Runs of")
    _watch(terminal, IDLE_S)


def _watch(terminal: Terminal, seconds: float) -> None:
    terminal.read_for(SETTLE_S)
    began, before = time.perf_counter(), _cpu_seconds_of_all(terminal.process.pid)
    written = len(terminal.read_for(seconds))
    elapsed = time.perf_counter() - began
    busy = (_cpu_seconds_of_all(terminal.process.pid) - before) / elapsed
    _leave(terminal)
    print(f"{written / elapsed:.0f} bytes/s ({written / elapsed / 1024:.1f} KiB/s), "
          f"{busy:.2%} of a core, children included")  # fmt: skip


def _cpu_seconds_of_all(pid: int) -> float:
    """Return the processor time of a process and of its children, living ones too."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return _cpu_seconds(pid) + sum(_cpu_seconds_of_all(int(child)) for child in children)


def _cpu_seconds(pid: int) -> float:
    """Return the processor time of a process, its ended children included."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


async def measure_loop(runs_dir: Path, run: str) -> None:
    """Open a run and measure the event loop's delays until its log is read, and 5 s longer."""
    from medtui.tui.app import MedtuiApp
    from medtui.tui.launch import favour_loop
    from medtui.tui.screens.run import RunScreen

    favour_loop()
    lateness: list[float] = []

    async def beat() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(BEAT_S)
            lateness.append((time.perf_counter() - began - BEAT_S) * 1000)

    app = MedtuiApp(runs_dir)
    async with app.run_test(size=(120, 40)):
        while getattr(app.screen, "snapshot", None) is None:
            await asyncio.sleep(0.05)
        app.open_run(run)
        await asyncio.sleep(1)  # the screen is being built
        began, task = time.perf_counter(), asyncio.create_task(beat())
        screen = app.screen
        assert isinstance(screen, RunScreen)
        while screen.view is None or screen.view.is_behind:
            await asyncio.sleep(0.2)
        seconds = time.perf_counter() - began
        await asyncio.sleep(5)
        task.cancel()
    lateness.sort()
    print(f"read in {seconds:.1f} s; late by p99 {lateness[int(len(lateness) * 0.99)]:.0f} ms, "
          f"max {lateness[-1]:.0f} ms, {sum(each > 50 for each in lateness)} times over 50 ms "
          f"of {len(lateness)}")  # fmt: skip


async def measure_board(runs_dir: Path) -> None:
    """Measure Compare of all runs: to its table, and until all that it shows is computed."""
    from medtui.tui.app import MedtuiApp
    from medtui.tui.compare.screen import CompareScreen
    from medtui.tui.compare.table import CompareTable

    app = MedtuiApp(runs_dir)
    async with app.run_test(size=(120, 40)) as pilot:
        while (snapshot := getattr(app.screen, "snapshot", None)) is None or snapshot.num_unread:
            await asyncio.sleep(0.05)
        await asyncio.sleep(SETTLE_S)
        began = time.process_time()
        screen = CompareScreen(runs_dir, (), "")
        screen.snapshot = snapshot
        app.push_screen(screen)
        while not (tables := list(screen.query(CompareTable))) or not tables[0].row_count > 1:
            await asyncio.sleep(0.01)
        await pilot.pause(0)
        first, num_runs = time.process_time() - began, tables[0].row_count
        while any(not worker.is_finished for worker in app.workers):
            await asyncio.sleep(0.05)
        await pilot.pause(0)
    print(f"{num_runs} runs: {first:.2f} s of processor time to the table, "
          f"{time.process_time() - began:.2f} s to all")  # fmt: skip


def measure_crowd() -> None:
    """Measure drawing as many curves as Compare shows, with as many points as a long run has."""
    import numpy as np

    from medtui.charts.downsample import thin_points
    from medtui.charts.palette import DARK
    from medtui.charts.plot import Plot, Series
    from medtui.charts.render_cells import draw
    from medtui.charts.style import ChartStyle

    walks = np.random.default_rng(0).normal(size=(NUM_CURVES, NUM_POINTS)).cumsum(axis=1)
    began = time.perf_counter()
    curves = [thin_points(tuple(enumerate(walk))) for walk in walks.tolist()]
    thinning = time.perf_counter() - began
    plot = Plot("walks", tuple(Series("walk", curve) for curve in curves))
    draws = []
    for _ in range(NUM_DRAWS):
        began = time.perf_counter()
        draw(plot, 118, 24, ChartStyle(DARK))
        draws.append(1000 * (time.perf_counter() - began))
    print(f"{NUM_CURVES} curves of {NUM_POINTS} points: thinned once in {thinning:.1f} s; drawn in "
          f"{statistics.median(draws):.0f} ms, first {draws[0]:.0f} ms")  # fmt: skip


def _open_live_run(runs_dir: Path, checkout: Path | None) -> Terminal:
    terminal = start(runs_dir, checkout)
    terminal.read_until(b"Runs of")
    terminal.press(b"\r")
    terminal.read_for(1)
    since = len(terminal.output)
    terminal.press(b"\r")
    terminal.read_until("\u25b8".encode(), since)  # the path in the title bar
    terminal.read_for(3)
    return terminal


def _leave(terminal: Terminal) -> None:
    terminal.process.terminate()
    terminal.read_for(2)
    terminal.wait()


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tui_latency")
    measured = ("paint", "keys", "bytes", "idle", "loop", "board", "crowd")
    parser.add_argument("what", choices=measured)
    parser.add_argument("runs_dir", nargs="?", type=Path, default=Path("runs"))
    parser.add_argument("run", nargs="?", default="")
    parser.add_argument("--checkout", type=Path)
    parser.add_argument("--ahead", action="store_true")
    parser.add_argument("--titles", nargs=2, default=TITLES)
    arguments = parser.parse_args()
    runs_dir, checkout = arguments.runs_dir, arguments.checkout
    match arguments.what:
        case "paint":
            measure_paint(runs_dir, checkout, is_ahead=arguments.ahead)
        case "keys":
            measure_keys(runs_dir, checkout, tuple(arguments.titles))
        case "bytes":
            measure_bytes(runs_dir, checkout)
        case "idle":
            measure_idle(runs_dir, checkout)
        case "loop":
            asyncio.run(measure_loop(runs_dir, arguments.run))
        case "board":
            asyncio.run(measure_board(runs_dir))
        case _:
            measure_crowd()


if __name__ == "__main__":
    main()
