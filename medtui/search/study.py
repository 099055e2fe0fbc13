"""The searches of one study: samples of finished runs, next cells, and `search.json`."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from medtui.preset import Cell, Preset, Scheme, SearchSettings, cell_named, expand_grid
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.search_record import (
    SearchCurve,
    SearchOutcome,
    SearchRecord,
    SearchSample,
    write_search,
)
from medtui.search.acquisition import Search
from medtui.search.observations import Observer
from medtui.search.sample import Sample

CURVE_POINTS = 121
"""Number of densities at which the surrogate's curve is recorded."""


@dataclass
class StudySearch:
    """All searches of a study, one for each scheme; each call reads the runs finished by then."""

    study: StudyFolder
    preset: Preset
    settings: SearchSettings
    _known: dict[str, Sample] = field(default_factory=dict)
    """Samples by the name of their run; finished runs do not change."""

    def __post_init__(self) -> None:
        self._seed = self.preset.seed_pairs[0].compress
        self._grid = {cell.slug for cell in expand_grid(self.preset)}
        evaluate = self.preset.evaluate
        self._observer = Observer(
            self.study, self.settings, evaluate.intervals, evaluate.bootstrap, self.preset.data.seed
        )
        self._reference = self._observer.reference

    def next_cells(self) -> list[Cell]:
        """Return the next cell of each search that is not over, and write `search.json`.

        Raises:
            EnvironmentProblem: a finished run cannot be read.
            OSError: the disk is full.
        """
        outcomes, cells = [], []
        for name in self.settings.scheme:
            scheme = self.preset.compress.scheme(name)
            samples = self._samples_of(scheme)
            search = Search(
                self.settings,
                tuple(samples.values()),
                has_low_fidelity=self.settings.has_probes(self.preset.lc.cycles),
                is_anchored=_is_dense_at_one(scheme),
            )
            cell = None
            if search.next is not None:
                next_sample = search.next
                cell = Cell(
                    scheme, next_sample.density, self._seed, is_probe=next_sample.is_low_fidelity
                )
                cells.append(cell)
            outcomes.append(self._outcome(scheme, search, samples, cell))
        write_search(self.study, SearchRecord(outcomes))
        return cells

    def unmeasured(self) -> list[RunFolder]:
        """Return the finished samples whose objective was not timed yet."""
        if self.settings.is_monotone:
            return []
        schemes = map(self.preset.compress.scheme, self.settings.scheme)
        samples = [run for scheme in schemes for run, _ in self._runs_of(scheme)]
        return [run for run in samples if not run.bench.is_file()]

    def _runs_of(self, scheme: Scheme) -> Iterator[tuple[RunFolder, Cell]]:
        """Yield the finished runs of a scheme with the search's seed, of the first reference."""
        for run in self.study.runs():
            cell = cell_named(self.preset, run.name) if is_finished(run) else None
            if cell is None or cell.reference_seed is not None:
                continue
            if (cell.scheme, cell.seed) == (scheme, self._seed):
                yield run, cell

    def _samples_of(self, scheme: Scheme) -> dict[str, Sample]:
        """Return a scheme's samples by the names of their runs."""
        found = {}
        for run, cell in self._runs_of(scheme):
            known = self._known.get(run.name)
            if known is None or known.gain is None:
                is_free = run.name in self._grid
                known = self._known[run.name] = self._observer.observe(cell, is_free=is_free)
            found[run.name] = known
        return found

    def _outcome(
        self, scheme: Scheme, search: Search, samples: dict[str, Sample], cell: Cell | None
    ) -> SearchOutcome:
        settings = self.settings
        ending = "budget spent" if search.num_left <= 0 else "nothing worth a run is left"
        return SearchOutcome(
            scheme=scheme.name,
            metric=self._observer.metric.name,
            is_share=self._observer.metric.is_share,
            objective=settings.objective,
            method="bisection" if search.is_bisecting else "gaussian-process",
            eps=settings.eps,
            sigmas=settings.sigmas,
            budget=settings.budget,
            reference=self._reference,
            samples=[self._search_sample(search, name, sample) for name, sample in samples.items()],
            curve=self._curve(search) if samples else None,
            next=cell.slug if cell else "",
            next_density=cell.density if cell else None,
            chosen=next((name for name, each in samples.items() if each is search.chosen), ""),
            reason="" if cell else ending,
        )

    def _search_sample(self, search: Search, name: str, sample: Sample) -> SearchSample:
        return SearchSample(
            run=name,
            density=sample.density,
            is_probe=sample.is_low_fidelity,
            metric=self._reference + sample.change,
            sigma=sample.sigma,
            is_feasible=search.is_feasible(sample),
            gain=sample.gain,
            is_free=sample.is_free,
        )

    def _curve(self, search: Search) -> SearchCurve:
        densities = np.geomspace(self.settings.low, self.settings.high, CURVE_POINTS)
        densities = densities[densities > search.cliff]
        predicted = search.predict(densities)
        return SearchCurve(
            densities.tolist(),
            (predicted.mean + self._reference).tolist(),
            predicted.sigma.tolist(),
        )


def _is_dense_at_one(scheme: Scheme) -> bool:
    """Return whether density 1 prunes nothing; an operator with its own density does."""
    return all(getattr(operator, "density", None) is None for operator in scheme.operators)
