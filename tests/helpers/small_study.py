"""Studies and runs as workers leave them, for tests that read them."""

from pathlib import Path

from medtui.events import (
    CycleEnded,
    Noted,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    StageStarted,
)
from medtui.preset import dump_preset, parse_preset
from medtui.protocol.model_size import LayerSize, Size
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.writer import EventWriter
from medtui.runs.result import Overhead, Result, SplitResult, write_result
from medtui.runs.runs_dir import create_study

PRESET = """
schema = 1
name = "{name}"
[data]
card = "demo"
[compress]
schemes = ["Prune", "Quantize16"]
densities = [0.1]
[lc]
cycles = 3
"""


def record_study(runs_dir: Path, name: str) -> StudyFolder:
    """Write a study's folder with the code that writes real ones."""
    study = create_study(runs_dir, name)
    text = dump_preset(parse_preset(PRESET.format(name=name), "test"))
    study.preset.write_text(text, encoding="utf-8")
    for run_name in ("reference", "prune-0.1", "quantize16"):
        folder = study.run(run_name)
        folder.path.mkdir()
        folder.preset.write_text(text, encoding="utf-8")
    record_finished(study.reference)
    record_finished(study.run("prune-0.1"), density=0.1)
    record_failed(study.run("quantize16"))
    return study


def record_finished(run: RunFolder, density: float = 1.0) -> None:
    """Write a run that finished after three cycles."""
    with EventWriter(run.events) as log:
        begin(log, run)
        for cycle in range(3):
            log.write(cycle_ended(cycle, density))
        write_result(run, result_of(run, density))
        log.write(RunFinished(81.0))


def record_failed(run: RunFolder) -> None:
    """Write a run that failed."""
    with EventWriter(run.events) as log:
        begin(log, run)
        log.write(RunFailed("the GPU has no memory left", "Lower lc.batch_size."))


def record_stopped(run: RunFolder) -> None:
    """Write a run that was asked to stop."""
    with EventWriter(run.events) as log:
        begin(log, run)
        log.write(cycle_ended(0, 0.1))
        log.write(RunStopped("SIGTERM", 0))


def begin(log: EventWriter, run: RunFolder) -> None:
    """Write the first events of a run."""
    log.write(RunStarted(1, "box", "cpu", "EPYC"))
    log.write(StageStarted("reference" if run.is_reference else "compress", 3, 20))
    log.write(Noted("a note\x1b]0;owned\x07 for people"))


def cycle_ended(cycle: int, density: float) -> CycleEnded:
    """Return a measured cycle that is the best so far."""
    return CycleEnded(
        cycle=cycle,
        val={"accuracy": 0.9 + cycle / 100, "loss": 0.3},
        test={"accuracy": 0.89, "loss": 0.3},
        seconds=2.0,
        is_best=True,
        density=density,
        gap=0.2,
    )


def result_of(run: RunFolder, density: float) -> Result:
    """Return a result of a network with one layer."""
    nonzero = int(1000 * density)
    split = SplitResult(
        {"accuracy": 0.92, "auroc": 0.981, "loss": 0.25}, {"accuracy": (0.9, 0.94)}, {}, 150, 3
    )
    layer = LayerSize("conv1", "conv", 1000, nonzero, 10, 10)
    size = Size(1010, nonzero + 10, 1000, nonzero, 4040, 4 * nonzero + 165, 5000, [layer])
    return Result(
        run=run.name,
        study=run.study.name,
        scheme="reference" if run.is_reference else "Prune",
        density=None if run.is_reference else density,
        seed=0,
        guard="on",
        best_cycle=2,
        num_cycles=3,
        val=split,
        test=split,
        size=size,
        seconds=81.0,
        device="cpu",
        device_name="EPYC",
        has_patients=True,
        overhead=Overhead(session_seconds=80.0, log_seconds=0.04, checkpoint_seconds=0.76),
    )
