"""Progress of a run: it only grows, and it is 1 at the end."""

from itertools import pairwise

from medtui.events import CycleEnded, DataLoaded, RunStarted, StageStarted, StepsAdvanced
from medtui.monitor.planned_stages import planned_stages
from medtui.monitor.progress import progress_of
from medtui.preset import parse_preset
from medtui.runs.folder import StudyFolder
from medtui.runs.log.history import History
from medtui.runs.log.record import Record

PRESET = parse_preset(
    """
schema = 2
name = "progress"
[data]
card = "demo"
[compress]
schemes = ["Prune"]
densities = [0.1]
[lc]
cycles = 3
steps = 4
batch_size = 10
keep = "finetuned"
[guard]
finetune_epochs = 2
""",
    "progress.toml",
)
LOADED = DataLoaded(30, 10, 10, ["a", "b"], "digest")


def _cycles(stage: str, numbers: range, steps: int, planned: int = 0) -> list[object]:
    """Return the events of a stage: two of steps in each cycle, then its end."""
    events: list[object] = [StageStarted(stage, planned or len(numbers), steps)]
    for cycle in numbers:
        events += [StepsAdvanced(cycle, step, steps) for step in (steps // 2, steps)]
        events.append(CycleEnded(cycle=cycle, seconds=2.0, val={"loss": 0.5}, is_best=True))
    return events


def _begun() -> list[object]:
    started = RunStarted(1, "box", "cpu")
    return [started, StageStarted("data"), LOADED]


def _shares(events: list[object], name: str, tmp_path) -> list[float]:
    folder = StudyFolder(tmp_path / "study").run(name)
    history, shares = History(), []
    for seq, event in enumerate(events):
        history.add(Record(seq=seq, time=float(seq), event=event))
        shares.append(progress_of(history, planned_stages(folder, history, PRESET)).run_share)
    return shares


def _grows(shares: list[float]) -> bool:
    return all(before <= after for before, after in pairwise(shares))


def test_progress_grows_over_all_stages(tmp_path):
    """Fine-tuning and evaluation continue where compression ended."""
    events = [
        *_begun(), *_cycles("compress", range(3), 4),
        *_cycles("finetune", range(1, 3), 3), *_cycles("finetune-last", range(1, 3), 3),
        StageStarted("evaluate"),
    ]  # fmt: skip
    shares = _shares(events, "prune-0.1", tmp_path)
    assert _grows(shares)
    after_compression = shares[len(_begun() + _cycles("compress", range(3), 4)) - 1]
    assert after_compression == 8 / (8 + 6 + 6)
    assert shares[-1] == 1


def test_a_resumed_run_begins_where_it_was(tmp_path):
    """The session that resumes fine-tuning counts the compression of the session before."""
    events = [
        *_begun(), *_cycles("compress", range(3), 4), *_cycles("finetune", range(1, 2), 3, 2),
        *_begun(), *_cycles("finetune", range(2, 3), 3, 2), StageStarted("evaluate"),
    ]  # fmt: skip
    assert _grows(_shares(events, "prune-0.1", tmp_path))


def test_remaining_time_includes_later_stages(tmp_path):
    """After two of three cycles of four updates, one cycle and twelve updates are left."""
    folder = StudyFolder(tmp_path / "study").run("prune-0.1")
    history = History()
    for seq, event in enumerate([*_begun(), *_cycles("compress", range(3), 4)[:7]]):
        history.add(Record(seq=seq, time=float(seq), event=event))
    progress = progress_of(history, planned_stages(folder, history, PRESET))
    assert progress.seconds_left == 2.0 * (1 + 12 / 4)
