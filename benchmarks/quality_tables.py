"""Tables of `quality.md` from the results of its studies."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from statistics import mean

from medtui.metrics import Metric
from medtui.metrics.nested import nested_differences, nested_metrics
from medtui.metrics.registry import metric_named
from medtui.metrics.scores import Scores
from medtui.preset.schemes import CONTROL
from medtui.runs.folder import RunFolder
from medtui.runs.log.reader import EventTail
from medtui.runs.log.stage_spans import stage_spans
from medtui.runs.predictions import RunPredictions, read_predictions
from medtui.runs.result import Result, read_result
from medtui.telemetry import read_samples

_MIN_SEEDS = 3

ONCE = "once"
"""The schedule of L steps with which others are compared: compressed once, zeros held."""


@dataclass(frozen=True)
class Run:
    """A finished run."""

    folder: RunFolder

    @cached_property
    def result(self) -> Result:
        """Its result."""
        found = read_result(self.folder)
        assert found is not None, f"{self.folder.path} has no result"
        return found

    @cached_property
    def predictions(self) -> RunPredictions:
        """Its stored predictions."""
        return read_predictions(self.folder.predictions)

    def accuracy(self, split: str) -> float:
        """Its accuracy on a split, between 0 and 1."""
        return _accuracy().compute(self.scores(split))

    def scores(self, split: str) -> Scores:
        """Its scores on a split."""
        return self.predictions.scores(split)

    @property
    def cpu_seconds(self) -> float:
        """Of its process, by its telemetry."""
        return self._cpu_seconds_within(0.0, float("inf"))

    @property
    def finetuning_cpu_seconds(self) -> float:
        """Of its process during fine-tuning, the evaluations of its epochs included."""
        spans = stage_spans(EventTail(self.folder.events).read_all()).get("finetune", [])
        return sum(self._cpu_seconds_within(*span) for span in spans)

    def _cpu_seconds_within(self, since: float, until: float) -> float:
        samples, _ = read_samples(self.folder.telemetry)
        return sum(
            (later.process_cpu_percent or 0) / 100
            * max(0.0, min(later.time, until) - max(earlier.time, since))
            for earlier, later in pairwise(samples)
        )  # fmt: skip


def find(out: Path, study: str, run: str) -> Run | None:
    """Return a run, or None where it is not finished."""
    folder = RunFolder(out / study / run)
    return Run(folder) if folder.result.exists() else None


def print_tables(out: Path) -> None:
    """Print all tables."""
    print_references(out)
    for kind in ("schemes", "weights", "filters", "lc"):
        print_compressions(out, kind)
    print_schedules(out)
    print_other_pruner(out)


def print_references(out: Path) -> None:
    """Print the references, and fast less exact arithmetic over the seeds that both have."""
    _print_head("arithmetic", "seed", "val accuracy", "test accuracy", "CPU s")
    earlier = find(out, "earlier", "reference")
    if earlier:
        _print_row("exact, d8cde9e, not augmented", "0", *_accuracies(earlier))
    by_mode: dict[str, dict[int, Run]] = {"fast": {}, "lr03": {}, "exact03": {}}
    for mode, runs in by_mode.items():
        for seed in range(5):
            if run := find(out, f"{mode}-s{seed}", "reference"):
                runs[seed] = run
                _print_row(mode, str(seed), *_accuracies(run))
        if len(runs) >= _MIN_SEEDS:
            members = list(runs.values())
            seconds = mean(run.cpu_seconds for run in members)
            ratio = f"{seconds:.0f}"
            if earlier:
                ratio += f", {seconds / earlier.cpu_seconds:.2f} of d8cde9e's"
            means = (_interval(members, split) for split in ("val", "test"))
            _print_row(mode, f"mean of {len(runs)}", *means, ratio)
    print()
    shared = sorted(by_mode["lr03"].keys() & by_mode["exact03"].keys())
    if shared:
        pairs = [(by_mode["exact03"][seed], by_mode["lr03"][seed]) for seed in shared]
        for split in ("val", "test"):
            print(f"fast less exact, {split}, seeds {shared}: {_change(pairs, split)} points")
    print()


def print_compressions(out: Path, kind: str) -> None:
    """Print each compression's mean over the seeds, and its paired changes."""
    folders = [path for path in sorted(out.glob(f"{kind}-s*/*")) if path.is_dir()]
    names = dict.fromkeys(_slug(path.name) for path in folders if path.name != "reference")
    _print_head(
        kind, "seeds", "weights kept", "parameters, shrunk", "val", "test", "test by seed",
        "less the reference", "less the control", "CPU s", "fine-tuning",
    )  # fmt: skip
    for name in names:
        if found := _by_seed(out, kind, name):
            _print_row(*_compression(out, found))
    print()


def _compression(out: Path, found: dict[int, "Run"]) -> list[str]:
    """Return the cells of a compression's row."""
    runs = list(found.values())
    own = {seed: find(out, f"fast-s{seed}", "reference") for seed in found}
    is_control = runs[0].result.scheme == CONTROL
    controls = _pairs(found, {} if is_control else _by_seed(out, "schemes", "control"))
    result = runs[0].result
    title = result.scheme if result.density is None else f"{result.scheme} {result.density:g}"
    return [
        title,
        str(len(runs)),
        f"{result.size.num_compressible_nonzero:,}",
        f"{result.shrinkage.size.num_parameters:,}" if result.shrinkage else "",
        _interval(runs, "val"),
        _interval(runs, "test"),
        ", ".join(f"{100 * run.accuracy('test'):.1f}" for run in runs),
        _change(_pairs(found, own), "test"),
        _change(controls, "test"),
        f"{mean(run.cpu_seconds for run in runs):.0f}",
        f"{mean(run.finetuning_cpu_seconds for run in runs):.0f}",
    ]


def print_schedules(out: Path) -> None:
    """Print schedules of L steps against compressing once, paired, at equal updates."""
    _print_head(
        "scheme", "schedule", "seeds", "val", "test", "test by seed", "val less once",
        "test less once", "CPU s",
    )  # fmt: skip
    for study in sorted({path.name.rsplit("-s", 1)[0] for path in out.glob("updates-*-s?")}):
        case = study.rsplit("-", 1)[0]
        names = {_slug(path.name) for path in out.glob(f"{study}-s*/*") if path.is_dir()}
        for name in sorted(names - {"reference"}):
            scheme, density = name.split("-")
            direct = f"{scheme.removesuffix('direct')}direct-{density}"
            is_once = study.endswith(ONCE)
            once = {} if is_once else _by_seed(out, f"{case}-{ONCE}", direct)
            if found := _by_seed(out, study, name):
                runs = list(found.values())
                _print_row(
                    f"{runs[0].result.scheme} {density}",
                    study.rsplit("-", 1)[1],
                    str(len(runs)),
                    _interval(runs, "val"),
                    _interval(runs, "test"),
                    ", ".join(f"{100 * run.accuracy('test'):.1f}" for run in runs),
                    _change(_pairs(found, once), "val"),
                    _change(_pairs(found, once), "test"),
                    f"{mean(run.cpu_seconds for run in runs):.0f}",
                )
    print()


def print_other_pruner(out: Path) -> None:
    """Print FilterPruneGroup less Torch-Pruning, paired, at equal multiply-accumulates."""
    _print_head(
        "filters kept", "seeds", "multiply-accumulates", "Torch-Pruning: test", "by seed",
        "parameters", "training, CPU s", "FilterPruneGroup less it, test", "its training, CPU s",
    )  # fmt: skip
    for density in ("0.5", "0.3", "0.2", "0.1"):
        found = _by_seed(out, "filters", f"filterprunegroup-{density}")
        folders = {seed: out / f"torch-pruning-{density}-s{seed}" for seed in found}
        others = {seed: each for seed, each in folders.items() if (each / "measured.json").exists()}
        if not others:
            continue
        measured = [json.loads((each / "measured.json").read_text()) for each in others.values()]
        pairs = [
            (read_predictions(each / "predictions.npz").scores("test"), found[seed].scores("test"))
            for seed, each in others.items()
        ]
        _print_row(
            density,
            str(len(others)),
            f"{measured[0]['macs']:,}",
            f"{100 * mean(each['test accuracy'] for each in measured):.1f} %",
            ", ".join(f"{100 * each['test accuracy']:.1f}" for each in measured),
            f"{mean(each['parameters'] for each in measured):,.0f}",
            f"{mean(each['training CPU seconds'] for each in measured):.1f}",
            _difference(pairs, next(iter(found.values())), "test"),
            f"{mean(found[seed].finetuning_cpu_seconds for seed in others):.1f}",
        )


def _print_head(*cells: str) -> None:
    _print_row(*cells)
    _print_row(*["---"] * len(cells))


def _print_row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |")


def _by_seed(out: Path, kind: str, name: str) -> dict[int, Run]:
    found = {}
    for seed in range(5):
        of_seed = (name, f"{name}-s{seed}", f"{name}-s{seed}-r{seed}", f"{name}-r{seed}")
        for run in filter(None, (find(out, f"{kind}-s{seed}", each) for each in of_seed)):
            found[seed] = run
    return found


def _slug(name: str) -> str:
    """Return a run's name without its seeds."""
    parts = name.split("-")
    while parts[-1][:1] in ("s", "r") and parts[-1][1:].isdigit():
        parts.pop()
    return "-".join(parts)


def _pairs(runs: dict[int, Run], baselines: Mapping[int, Run | None]) -> list[tuple[Run, Run]]:
    return [(base, run) for seed, run in runs.items() if (base := baselines.get(seed))]


def _accuracies(run: Run) -> tuple[str, str, str]:
    return (
        f"{100 * run.accuracy('val'):.1f} %",
        _percent(run.accuracy("test"), run.result.test.intervals["accuracy"]),
        f"{run.cpu_seconds:.0f}",
    )


def _interval(runs: Sequence[Run], split: str) -> str:
    """Return the mean accuracy over seeds; of test with its interval."""
    patients = runs[0].predictions.splits[split].patients
    scores = [[run.scores(split)] for run in runs]
    number = nested_metrics(scores, patients, [_accuracy()])["accuracy"]
    if split == "val" or not number.is_enough:
        return f"{100 * number.value:.1f} %"
    return _percent(number.value, number.interval_of_share())


def _percent(value: float, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{100 * value:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def _change(pairs: Sequence[tuple[Run, Run]], split: str) -> str:
    if not pairs:
        return ""
    scores = [(before.scores(split), after.scores(split)) for before, after in pairs]
    return _difference(scores, pairs[0][0], split)


def _difference(scores: Sequence[tuple[Scores, Scores]], one: Run, split: str) -> str:
    """Return the mean change in points; with its interval where there are seeds enough."""
    patients = one.predictions.splits[split].patients
    found = nested_differences([[each] for each in scores], patients, [_accuracy()])["accuracy"]
    if not found.has_interval:
        return f"{100 * found.value:+.1f}"
    return f"{100 * found.value:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]"


def _accuracy() -> Metric:
    metric = metric_named("accuracy")
    assert metric is not None
    return metric
