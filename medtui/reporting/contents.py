"""Everything that a report shows, read and computed once."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import msgspec

from medtui.analysis.differences import Differences, differences_of_all
from medtui.analysis.group_statistics import group_statistics, val_verdict
from medtui.analysis.groups import Group, group_runs
from medtui.analysis.low_fidelity import split_by_fidelity
from medtui.analysis.run_record import RunRecord, problems_of, read_run_records, task_of
from medtui.analysis.sites import SiteMatrix, site_matrix
from medtui.analysis.subgroup_analysis import SubgroupAnalysis, analyse_all
from medtui.analysis.verdicts import Verdict
from medtui.charts.figures.data import FigureData, chart_runs, read_curves
from medtui.datasets.card import Card, load_card
from medtui.datasets.image_lookup import Picture, pictures_of
from medtui.errors import MedtuiError, UsageError
from medtui.metrics import Metric, primary_metric
from medtui.monitor.run_curves import RunCurves
from medtui.preset import dump_preset
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.json_record import read_json_record
from medtui.runs.run_names import names_probe
from medtui.runs.search_record import SearchOutcome, read_search
from medtui.runs.subfolders import is_file
from medtui.sharing.marker import SENTENCE, is_pseudonymised
from medtui.units import MISSING

_GROUPED_BY = ("study", "scheme", "density")

Tell = Callable[[str], None]
"""Called with what is being done, for progress output."""


class Provenance(msgspec.Struct):
    """What a report shows of `provenance.json`."""

    medtui: str = ""
    python: str = ""
    packages: dict[str, str] = {}
    fingerprint: dict[str, str] = {}
    driver: str | None = None
    git: str | None = None
    data_digest: str = ""
    seeds: dict[str, int] = {}
    command: list[str] = []


_decoder = msgspec.json.Decoder(Provenance)


@dataclass(frozen=True)
class Contents:
    """One chapter of a report: runs on the same data."""

    name: str
    """Of the studies, joined."""
    entries: tuple[RunRecord, ...]
    """Finished whole runs, references first in each study."""
    headline: Metric
    """The primary metric of the runs' task."""
    curves: dict[str, RunCurves]
    """By run."""
    found: dict[str, Differences]
    """By run, on test."""
    groups: tuple[Group, ...]
    """The runs by what they repeat with other seeds; a run without repetitions is a group."""
    group_changes: dict[str, Differences]
    """Group's label to its changes on test, averaged over seeds; only of those with a baseline."""
    val_verdicts: dict[str, Verdict]
    """Group's label to the verdict on the primary metric on val, by which groups are chosen."""
    analyses: tuple[SubgroupAnalysis, ...]
    pictures: dict[str, Picture]
    """Images named in `analyses`, as far as the data set is at hand."""
    card: Card | None
    """None where it cannot be read any more."""
    preset: str
    """TOML of the first study."""
    provenance: Provenance | None
    problems: tuple[str, ...]
    """What is missing, in sentences."""
    probes: tuple[RunRecord, ...]
    """Low-fidelity runs of the studies' searches, which are no runs of the report."""
    searches: tuple[tuple[str, SearchOutcome], ...]
    """A study's name, and one of its searches."""
    sites: SiteMatrix
    """The runs on other data sets, by the primary metric."""

    @cached_property
    def figure_data(self) -> FigureData:
        """What the figures are made of."""
        return FigureData(
            chart_runs(self.entries),
            curves=self.curves,
            differences=self.found,
            analyses=self.analyses,
            searches=tuple(self.named_searches),
        )

    @property
    def named_searches(self) -> list[tuple[str, SearchOutcome]]:
        """Each search with its study's name; without one where all are of one study."""
        are_many = len({study for study, _ in self.searches}) > 1
        return [(study if are_many else "", outcome) for study, outcome in self.searches]

    @property
    def references(self) -> tuple[RunRecord, ...]:
        """The dense runs."""
        return tuple(entry for entry in self.entries if entry.folder.is_reference)

    @property
    def compressed(self) -> tuple[RunRecord, ...]:
        """The compressions: neither references nor controls."""
        return tuple(entry for entry in self.entries if entry.folder.is_compressed)

    @property
    def compressions(self) -> tuple[Group, ...]:
        """The compressions by what they repeat with other seeds."""
        return tuple(each for each in self.groups if each.members[0].folder.is_compressed)

    @property
    def has_seeds(self) -> bool:
        """Whether anything is repeated with other seeds."""
        return any(len(group.repetitions) > 1 for group in self.groups)

    def name_of(self, group: Group) -> str:
        """Return a group's label, without its study where all are of one."""
        studies = {entry.folder.study.name for entry in self.entries}
        label = group.label.partition(" ")[2] if len(studies) == 1 else group.label
        return label.removesuffix(f" {MISSING}")

    @property
    def has_controls(self) -> bool:
        """Whether a change is shown against a control."""
        return any(each.from_reference for each in self.found.values())


def title_of(chapters: Sequence[Contents]) -> str:
    """Return the names of all studies, joined."""
    return ", ".join(contents.name for contents in chapters)


def gather(studies: Sequence[StudyFolder], tell: Tell) -> tuple[Contents, ...]:
    """Read studies and compute what the report shows: a chapter for each data set.

    Raises:
        UsageError: no run of theirs is finished.
    """
    tell("reading results")
    folders = [run for study in studies for run in study.runs()]
    read, problems = read_run_records(folders)
    entries, probes = split_by_fidelity(read)
    if not entries:
        raise UsageError("No run is finished yet; there is nothing to report.")
    planned = [folder for folder in folders if not names_probe(folder.name)]
    left_out = sum(not is_file(folder.result) for folder in planned)
    if left_out:
        problems.append(f"{left_out} of {len(planned)} runs are not finished and are left out.")
    by_data: dict[str, list[RunRecord]] = {}
    for entry in entries:
        found = _provenance(entry.folder)
        key = found.data_digest if found and found.data_digest else entry.folder.study.name
        by_data.setdefault(key, []).append(entry)
    chapters = [_chapter(members, probes, tell) for members in by_data.values()]
    first = replace(chapters[0], problems=(*problems, *chapters[0].problems))
    return (first, *chapters[1:])


def _chapter(entries: Sequence[RunRecord], probes: Sequence[RunRecord], tell: Tell) -> Contents:
    """Compute the chapter of runs on the same data."""
    studies = list(dict.fromkeys(entry.folder.study for entry in entries))
    name = ", ".join(study.name for study in studies)
    headline = primary_metric(task_of(entries))
    tell(f"{name}: reading logs and telemetry")
    curves = {entry.key: read_curves(entry.folder) for entry in entries}
    tell(f"{name}: comparing runs")
    found, missing = differences_of_all(entries, None)
    tell(f"{name}: analysing subgroups")
    analyses, _ = analyse_all(entries)
    groups = tuple(group_runs(entries, _GROUPED_BY))
    val_verdicts = _val_verdicts(groups, headline)
    first = entries[0]
    tell(f"{name}: finding the images that changed most")
    pictures, why = _pictures(first, analyses)
    searches, unread = _searches(studies)
    sites = site_matrix(entries, headline)
    shared = [SENTENCE] if any(map(is_pseudonymised, studies)) else []
    notes = [*shared, *unread, *_damage(entries, curves), *([why] if why else []), *sites.problems]
    return Contents(
        name=name,
        entries=tuple(entries),
        headline=headline,
        curves=curves,
        found=found,
        groups=groups,
        group_changes={
            group.label: changes
            for group in groups
            if (changes := group_statistics(group).changes) is not None
        },
        val_verdicts=val_verdicts,
        analyses=tuple(analyses),
        pictures=pictures,
        card=_card(first),
        preset=dump_preset(first.preset) if first.preset else "",
        provenance=_provenance(first.folder),
        problems=(*missing, *notes),
        probes=tuple(probe for probe in probes if probe.folder.study in studies),
        searches=searches,
        sites=sites,
    )


def _damage(entries: Sequence[RunRecord], curves: Mapping[str, RunCurves]) -> list[str]:
    """Return a sentence for each file of the runs that the report does without."""
    for entry in entries:
        _ = (
            entry.preset,
            entry.bench,
            entry.vitals,
            entry.data_digest,
        )  # read when first used
    of_logs = [problem for each in curves.values() for problem in each.problems]
    return list(dict.fromkeys([*problems_of(entries), *of_logs]))


def _val_verdicts(groups: Sequence[Group], headline: Metric) -> dict[str, Verdict]:
    """Return each group's verdict on val; groups that cannot be compared are left out."""
    found = {group.label: val_verdict(group, headline, group.members[0].margin) for group in groups}
    return {label: verdict for label, verdict in found.items() if verdict is not None}


def _searches(
    studies: Sequence[StudyFolder],
) -> tuple[tuple[tuple[str, SearchOutcome], ...], list[str]]:
    """Return the studies' searches, and a sentence for each study whose cannot be read."""
    found, problems = list[tuple[str, SearchOutcome]](), list[str]()
    for study in studies:
        try:
            record = read_search(study)
        except MedtuiError as error:
            problems.append(str(error))
            continue
        found += [(study.name, search) for search in record.searches] if record else []
    return tuple(found), problems


def _pictures(
    entry: RunRecord, analyses: Sequence[SubgroupAnalysis]
) -> tuple[dict[str, Picture], str]:
    names = list(dict.fromkeys(moved.name for analysis in analyses for moved in analysis.moved))
    if entry.preset is None or not names or is_pseudonymised(entry.folder.study):
        return {}, ""
    pictures, problem = pictures_of(entry.preset.data, names)
    return pictures, f"The images cannot be shown: {problem}" if problem else ""


def _card(entry: RunRecord) -> Card | None:
    try:
        return load_card(entry.preset.data.card)[0] if entry.preset else None
    except MedtuiError:
        return None


def _provenance(folder: RunFolder) -> Provenance | None:
    with suppress(MedtuiError):  # the run's `data_digest` states why
        return read_json_record(folder.provenance, _decoder)
    return None
