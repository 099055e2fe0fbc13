"""The recorded studies that pictures and snapshots show: a live, a stopped and a finished one."""

from pathlib import Path

from tests.helpers.recorded_runs import START, RecordedStudy

DEMO = """
schema = 1
name = "{name}"
[data]
card = "demo"
[reference]
epochs = 8
[compress]
schemes = ["Prune", "PruneQuantize16", "FilterPrune"]
densities = [0.1]
[lc]
cycles = 8
steps = 40
"""


def record_showcase(runs_dir: Path) -> list[RecordedStudy]:
    """Record what pictures show: a live study, a finished one, a stopped one and a failed one."""
    demo = RecordedStudy(runs_dir, "demo", gpu=False, seed=3, start=START - 200_000, preset=DEMO)
    demo.reference(best=0.972)
    demo.run("prune-0.1", best=0.968)
    demo.run("prunequantize16-0.1", best=0.967)
    demo.run("filterprune-0.1", best=0.951)
    stopped = RecordedStudy(runs_dir, "malaria-first-try", seed=2, start=START - 90_000)
    stopped.reference(best=0.958)
    stopped.run("prune-0.5", best=0.957)
    stopped.run("prune-0.1", cycles=17, end="stopped", best=0.951)
    live = RecordedStudy(runs_dir, "malaria", seed=1)
    live.reference()
    live.run("prune-0.5", best=0.9605)
    current = live.run("prune-0.1", cycles=31, end="", best=0.9575)
    live.hold(live.folder, current)
    return [demo, stopped, live]
