"""Groups of runs over seeds: means, and 95 % intervals over seeds and patients."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t

from tests.helpers.recomputed.answers import answers_of, pair
from tests.helpers.recomputed.comparison import primary_of
from tests.helpers.recomputed.intervals import effective_number
from tests.helpers.recomputed.printed import actual_density, density_of, metric_cells, sizes
from tests.helpers.recomputed.run_files import RunFiles
from tests.helpers.recomputed.sheets import positive_of
from tests.helpers.recomputed.texts import (
    LABELS,
    Rows,
    change,
    count,
    density,
    duration,
    label,
    number,
    size,
    with_interval,
)
from tests.helpers.recomputed.weighted_metrics import weighed


@dataclass(frozen=True)
class OverSeeds:
    """A number of each seed, on all images and without each patient."""

    values: np.ndarray
    """(S,)."""
    replicates: np.ndarray
    """(S, P)."""
    num_effective: float

    @property
    def mean(self) -> float:
        """The mean over the seeds."""
        return float(self.values.mean())

    def reach(self, *, is_share: bool) -> float:
        """Return half of the interval's length, in log odds for shares."""
        form = logit if is_share else np.asarray
        replicates, values = form(self.replicates).mean(axis=0), form(self.values)
        num_patients, num_seeds = len(replicates), len(values)
        of_patients = (num_patients - 1) * replicates.var()
        of_seeds = values.var(ddof=1) / num_seeds
        total = of_patients + of_seeds
        degrees = total**2 / (
            of_patients**2 / (self.num_effective - 1) + of_seeds**2 / (num_seeds - 1)
        )
        return float(t.ppf(0.975, degrees) * math.sqrt(total))

    def share(self, name: str) -> str:
        """Return a metric with its interval."""
        middle, reach = logit(self.mean), self.reach(is_share=True)
        return with_interval(
            name, self.mean, (float(expit(middle - reach)), float(expit(middle + reach)))
        )

    def difference(self, name: str) -> str:
        """Return a change with its interval."""
        reach = self.reach(is_share=False)
        return change(name, _Ends(self.mean, self.mean - reach, self.mean + reach))


@dataclass(frozen=True)
class _Ends:
    value: float
    low: float
    high: float
    has_ends: bool = True
    few: str = ""


def values_of(runs: list[RunFiles], name: str) -> OverSeeds:
    """Return a metric on test over seeds."""
    return over_seeds([(None, answers_of(run, "test")) for run in runs], name)


def changes_over(baselines: list[RunFiles], runs: list[RunFiles], name: str) -> OverSeeds:
    """Return a metric's paired change on test over seeds."""
    pairs = [pair(before, after, "test") for before, after in zip(baselines, runs, strict=True)]
    return over_seeds(pairs, name)


def over_seeds(pairs: list, name: str) -> OverSeeds:
    """Return a metric, or its change where there is a baseline, of each pair of answers."""
    patients = pairs[0][1].patients
    num_patients = len(set(patients.tolist()))
    whole, without = np.ones((1, num_patients)), 1 - np.eye(num_patients)
    values, replicates = [], []
    for before, after in pairs:
        forms = [(1, weighed(after, name)), *([(-1, weighed(before, name))] if before else [])]
        values.append(sum(sign * form(whole)[0] for sign, form in forms))
        replicates.append(sum(sign * form(without) for sign, form in forms))
    return OverSeeds(np.array(values), np.array(replicates), effective_number(patients))


def group_rows(groups: dict[str, list[RunFiles]], *, is_file: bool = False) -> Rows:
    """Return the table of `runs compare --group scheme,density`: groups, and below them members."""
    first = next(iter(groups.values()))[0]
    positive, main = positive_of(first), primary_of(first)
    names = [main, "auroc", "sensitivity", "specificity"]
    header = ["group", "runs", "seeds", "patients", "density", "actual density"]
    for name in names:
        header += [
            f"test {label(name, None if is_file else positive)}",
            f"change of {LABELS[name]}",
        ]
        beside = f"change of {LABELS[name]} from the reference" if is_file else "from the reference"
        header += [beside] if name == main else []
    header += ["nonzero", "sparse size", "cycle kept", "time"]
    rows = [header + (["positive_class"] if is_file else [])]
    for title, runs in groups.items():
        rows.append([title, *[str(len(runs))] * 2, _patients(runs[0]), *_densities(runs[0]),
                     *_group_cells(runs, names), *_rest(runs[0])])  # fmt: skip
        for run in runs:
            cells = metric_cells(run, names, is_doubled=True, is_judged=False)
            rows.append([f"  {run.key}", "", "", "", *_densities(run), *cells, *_rest(run)])
    return [rows[0], *([*row, positive] if is_file else row for row in rows[1:])]


def _group_cells(runs: list[RunFiles], names: list[str]) -> list[str]:
    controls = [run.control for run in runs if run.control]
    references = [run.reference for run in runs if run.reference]
    cells = []
    for name in names:
        cells.append(values_of(runs, name).share(name))
        cells.append(changes_over(controls, runs, name).difference(name) if controls else "—")
        if name == names[0]:
            beside = changes_over(references, runs, name).difference(name) if references else "—"
            cells.append(beside)
    return cells


def _patients(run: RunFiles) -> str:
    return count(len(set(answers_of(run, "test").patients.tolist())))


def _densities(run: RunFiles) -> list[str]:
    return [density(density_of(run)), number(actual_density(run))]


def _rest(run: RunFiles) -> list[str]:
    found = sizes(run)
    return [count(found["num_nonzero"]), size(found["bytes_packed"]),
            str(run.result["best_cycle"]), duration(run.result["seconds"])]  # fmt: skip
