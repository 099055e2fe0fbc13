"""The presets that a study can start from: how many runs, how long, whether the data are there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from medtui.datasets.location import locate
from medtui.errors import MedtuiError
from medtui.filter_grammar import parse_words
from medtui.jobs.measured_estimates import find_estimate
from medtui.preset import Preset, describe_searches, load_preset
from medtui.preset.file import find_preset_path
from medtui.preset.grid import count_runs
from medtui.preset.toml import DocumentError, Problem, read_text
from medtui.protocol.preflight import Estimate
from medtui.resources import preset_names
from medtui.storage.file_stamp import ABSENT, FileStamp, is_settled, stamp_of
from medtui.units import format_estimate, plural


@dataclass(frozen=True)
class PresetEntry:
    """One row of the list."""

    name: str
    """A packaged name, or a path in the current folder: `./mine.toml`."""
    comment: str
    """The first comment of its file; lines that are indented there, as commands, stand alone."""
    preset: Preset | None = None
    """None where the file cannot be used."""
    problems: tuple[Problem, ...] = ()
    """Why it cannot."""
    data: str = ""
    """Where its images are; empty where they are not there."""
    data_problem: str = ""
    """Why its images are not there; empty where they are."""
    estimate: Estimate | None = None
    """What an earlier check measured on this machine; None where none did."""

    @property
    def is_ready(self) -> bool:
        """Whether a study can start from it as it is."""
        return self.preset is not None and not self.data_problem

    def has(self, text: str) -> bool:
        """Return whether its name or its description contain words; see `filter_grammar`."""
        return parse_words(text)(f"{self.name}\n{self.about}\n{self.comment}")

    @property
    def about(self) -> str:
        """What the preset does, in a few words."""
        if self.preset is None:
            first = self.problems[0]
            at = f", the first on line {first.line}" if first.line else ""
            return f"{plural(len(self.problems), 'problem')}{at}"
        return self.preset.note or self.comment.partition("\n")[0]

    @property
    def data_text(self) -> str:
        """Where the images are, or what is missing, in a few words."""
        if self.preset is None:
            return ""
        if not self.data_problem:
            return self.data
        return "not found" if self.preset.data.root else "set the root"

    @property
    def num_runs(self) -> str:
        """Number of runs, the reference included: `6`, `~14` where a search may end earlier."""
        if self.preset is None:
            return ""
        return f"{'~' if self.preset.search else ''}{count_runs(self.preset)}"


class PresetReader:
    """Lists presets; a file that has not changed since it was read is not read again.

    Images and estimates are looked for each time. It blocks: call it in a thread.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[FileStamp, PresetEntry]] = {}

    def read(self) -> list[PresetEntry]:
        """Return the packaged presets, then those in the folder."""
        found = sorted(self._folder.glob("*.toml"))
        local = [f"./{path.name}" for path in found if not _is_other(path)]
        entries = [with_surroundings(self._entry(name)) for name in (*preset_names(), *local)]
        for entry in entries:
            # Its root is the folder beside the file as soon as there is one.
            if entry.data_problem and entry.name in local:
                self._known.pop(entry.name, None)
        return entries

    def _entry(self, name: str) -> PresetEntry:
        try:
            stamp = stamp_of(find_preset_path(name))
        except MedtuiError:
            stamp = ABSENT
        known = self._known.get(name)
        if known is None or known[0] != stamp:
            known = (stamp, read_entry(name))
            # A file that has just been written may be written again within the same time.
            if is_settled([stamp]):
                self._known[name] = known
        return known[1]


def with_surroundings(entry: PresetEntry) -> PresetEntry:
    """Return an entry with what does not stand in its file: its images, and its time here."""
    preset = entry.preset
    if preset is None:
        return entry
    entry = replace(entry, estimate=find_estimate(preset))
    try:
        found = locate(preset.data)
    except MedtuiError as error:
        return replace(entry, data_problem=error.message)
    return replace(entry, data="included" if found.is_included else short_path(found.path))


def read_entry(name: str) -> PresetEntry:
    """Return what a preset's file says, or why it cannot be used."""
    try:
        text = read_text(find_preset_path(name))
    except DocumentError as error:
        return PresetEntry(name, "", problems=tuple(error.problems))
    except MedtuiError as error:
        return PresetEntry(name, "", problems=(Problem(str(error)),))
    comment = _as_text(_first_comment(text))
    try:
        return PresetEntry(name, comment, load_preset(name))
    except DocumentError as error:
        return PresetEntry(name, comment, problems=tuple(error.problems))
    except MedtuiError as error:
        return PresetEntry(name, comment, problems=(Problem(str(error)),))


def short_path(path: Path) -> str:
    """Return a path with the user's home directory as `~`."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)


def describe_entry(entry: PresetEntry) -> str:
    """Return what a preset runs, line by line."""
    preset = entry.preset
    assert preset is not None
    rows = {
        "data": f"{preset.data.card}, {entry.data or entry.data_problem}",
        "model": _model(preset),
        "reference": f"{plural(preset.reference.epochs, 'epoch')}{_seeds(preset)}",
        **_grid_rows(preset),
        "L-C": f"{plural(preset.lc.cycles, 'cycle')} of {plural(preset.lc.steps, 'step')}",
        "margin": _margin(preset),
        "time": _time(entry.estimate),
    }
    lines = [f"{label:<10} {text}" for label, text in rows.items() if text]
    return "\n".join(([entry.comment, ""] if entry.comment else []) + lines)


def _model(preset: Preset) -> str:
    start = preset.model.init or preset.model.weights
    return preset.model.architecture + (f", from {Path(start).name}" if start else "")


def _time(estimate: Estimate | None) -> str:
    if estimate is None:
        return "not measured on this machine yet"
    return f"about {format_estimate(estimate.seconds_study)} on {estimate.device}"


def _grid_rows(preset: Preset) -> dict[str, str]:
    compress = preset.compress
    rows = {}
    if compress.schemes:
        rows["schemes"] = ", ".join(compress.schemes)
        omitted = f", without {', '.join(compress.omit)}" if compress.omit else ""
        rows["densities"] = ", ".join(f"{each:g}" for each in compress.densities) + omitted
    rows["search"] = describe_searches(preset)
    rows["control"] = "dense, trained as long as a compression" if compress.control else ""
    rows["scratch"] = "a narrow network of the smallest run's size" if compress.scratch else ""
    return rows


def _seeds(preset: Preset) -> str:
    seeds = preset.reference.seeds
    return f", seeds {', '.join(map(str, seeds))}" if len(seeds) > 1 else ""


def _margin(preset: Preset) -> str:
    margin = preset.evaluate.margin
    if margin is None:
        return ""
    return f"{margin:g} of the primary metric ({100 * margin:g} points of accuracy)"


def _first_comment(text: str) -> Iterator[str]:
    return takewhile(lambda line: line.startswith("#"), text.splitlines())


def _as_text(lines: Iterable[str]) -> str:
    """Return a comment as text: its lines flow, but an empty or indented one breaks them."""
    text, is_open = "", False
    for line in (each.removeprefix("#").rstrip() for each in lines):
        is_prose = line[:2] != "  " and bool(line.strip())
        gap = " " if is_open and is_prose else "\n"
        text += (gap if text else "") + (line.strip() if is_prose else f"  {line.strip()}".rstrip())
        is_open = is_prose
    return text


def _is_other(path: Path) -> bool:
    """Return whether a TOML file is a project file or a card, by the names that those have."""
    return path.name in {"pyproject.toml", "card.toml"} or path.name.endswith(".card.toml")
