"""Made-up logs, for tests that read them."""

from pathlib import Path

from medtui.events import (
    AnyEvent,
    CycleEnded,
    DataLoaded,
    Noted,
    RunFinished,
    RunStarted,
    StageStarted,
    StepsAdvanced,
)
from medtui.runs.log.writer import EventWriter


def story(cycles: int = 4) -> list[AnyEvent]:
    """Return the events of a short, whole run."""
    events: list[AnyEvent] = [
        RunStarted(pid=1, host="here", device="cpu"),
        DataLoaded(70, 10, 20, ["Uninfected", "Parasitized"], "d1"),
        StageStarted("compress", cycles, 5),
    ]
    for cycle in range(cycles):
        events.append(StepsAdvanced(cycle, 3, 5, loss=1 / (cycle + 1), images_per_second=100.0))
        metrics = {"accuracy": 0.8 + cycle / 100, "loss": 0.5 - cycle / 100, "auroc": float("nan")}
        events.append(
            CycleEnded(cycle, val=metrics, test=metrics, seconds=2.0, is_best=cycle % 2 == 0)
        )
    return [*events, Noted("all is well"), RunFinished(8.0)]


def write_log(path: Path, events: list[AnyEvent], clock: float = 1_000.0) -> None:
    """Write events as one session of a worker."""
    with EventWriter(path, clock=lambda: clock) as log:
        for event in events:
            log.write(event)
