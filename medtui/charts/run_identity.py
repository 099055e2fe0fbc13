"""The letter and the colour of a run: the same on every screen, in reports and in exported files.

Both follow from the run's place in its study, in the order in which runs were planned. A study only
ever appends runs, so a run keeps its place for good, and no two runs of a study share a letter.
Beyond the colours of the palette the hue returns with another marker. References and controls have
no hue: what others are compared with must not look like one of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, assert_never

from medtui.charts.palette import DARK, Tint
from medtui.charts.plot import place_letter
from medtui.runs.folder import RunFolder
from medtui.runs.run_names import is_control, is_reference

REFERENCE_LETTER, CONTROL_LETTER = "◇", "◆"
"""Of the first reference and the first control; further ones are followed by `b`, `c` ..."""

Kind = Literal["reference", "control", "run"]
"""Runs of one kind share one sequence of letters."""

NUM_HUES = len(DARK.series)
"""Runs of a study that have a colour of their own."""


@dataclass(frozen=True)
class RunIdentity:
    """How one run is named and drawn in charts."""

    key: str
    """`study/run`."""
    letter: str
    tint: Tint
    """Its place in the palette; references are muted, and controls have the colour of text."""
    variant: int = 0
    """Marker and dashes in files: how many runs before it have the same colour."""

    @property
    def study(self) -> str:
        """The study's folder name."""
        return self.key.partition("/")[0]


def identify_run(study: str, name: str, names: Iterable[str]) -> RunIdentity:
    """Return the identity of one run; `names` are its study's runs in the order of planning."""
    alike = [each for each in names if _kind_of(each) == _kind_of(name)]
    place = alike.index(name) if name in alike else len(alike)
    return _identity(f"{study}/{name}", name, place)


def identify_study(study: str, names: Iterable[str]) -> dict[str, RunIdentity]:
    """Return the identities of a study's runs by key; `names` are in the order of planning."""
    found = dict[str, RunIdentity]()
    places: dict[Kind, int] = {"reference": 0, "control": 0, "run": 0}
    for name in names:
        key, kind = f"{study}/{name}", _kind_of(name)
        found[key] = _identity(key, name, places[kind])
        places[kind] += 1
    return found


def _kind_of(name: str) -> Kind:
    return "reference" if is_reference(name) else "control" if is_control(name) else "run"


def _identity(key: str, name: str, place: int) -> RunIdentity:
    """Return the identity of a run by its place among the runs of its kind."""
    further = place_letter(place).lower() if place else ""
    match _kind_of(name):
        case "reference":
            return RunIdentity(key, f"{REFERENCE_LETTER}{further}", "muted", place)
        case "control":
            return RunIdentity(key, f"{CONTROL_LETTER}{further}", "strong", place)
        case "run":
            variant, hue = divmod(place, NUM_HUES)
            return RunIdentity(key, place_letter(place), hue, variant)
        case other:
            assert_never(other)


def identify_runs(folders: Iterable[RunFolder]) -> dict[str, RunIdentity]:
    """Return the identities of runs by key; `folders` hold whole studies, as `runs()` orders."""
    names: dict[str, list[str]] = {}
    for folder in folders:
        names.setdefault(folder.study.name, []).append(folder.name)
    return {
        key: identity
        for study, of_study in names.items()
        for key, identity in identify_study(study, of_study).items()
    }


@dataclass
class StudyNumbers:
    """Numbers studies in the order in which they come, so that their runs' letters differ.

    Letters are given within a study. Where runs of several studies are compared, those of the
    second get a 2 behind their letter, and so on; nothing changes in the first.
    """

    _studies: list[str] = field(default_factory=list)

    def qualify(self, identity: RunIdentity) -> RunIdentity:
        """Return a run's identity with its study's number, if that is not the first."""
        if identity.study not in self._studies:
            self._studies.append(identity.study)
        at = self._studies.index(identity.study)
        if at == 0:
            return identity
        return replace(identity, letter=f"{identity.letter}{at + 1}", variant=identity.variant + at)


def tell_apart(identities: Sequence[RunIdentity]) -> Iterator[RunIdentity]:
    """Yield identities whose letters differ, as do the pairs of colour and variant."""
    numbers, used = StudyNumbers(), set[tuple[Tint, int]]()
    for identity in identities:
        qualified = numbers.qualify(identity)
        variant = qualified.variant
        while (qualified.tint, variant) in used:
            variant += 1
        used.add((qualified.tint, variant))
        yield replace(qualified, variant=variant)
