"""What identifies someone in studies: patients, images, folders, users and machines."""

import getpass
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import msgspec

from medtui.errors import MedtuiError
from medtui.preset import Preset, parse_preset
from medtui.preset.toml import read_text
from medtui.runs.external_record import external_folders, read_answers, read_external
from medtui.runs.folder import RunFolder
from medtui.runs.json_record import MAX_BYTES
from medtui.runs.patient_groups import read_split
from medtui.runs.predictions import SplitPredictions, read_predictions
from medtui.sharing.members import Chosen, is_opened
from medtui.storage import digest_of_file, read_bytes

_COMMON_USERS = frozenset({"root", "user", "admin", "ubuntu", "home", "data", "localhost"})
"""Names of users and machines that identify nobody, and are words of the files themselves."""


_OWN_WORDS = frozenset(
    {"train", "val", "test", "reference", "control", "withheld", "image", "patient", "medtui"}
)
"""Words that each shared study has."""


@dataclass
class Identifiers:
    """Names in studies."""

    patients: dict[str, bool] = field(default_factory=dict)
    """Patient to whether other data sets alone have it."""
    images: dict[str, bool] = field(default_factory=dict)
    vocabulary: set[str] = field(default_factory=set)
    """Names of classes, subgroups, runs and studies, which stay."""
    places: dict[str, None] = field(default_factory=dict)
    """Folders and files of the owner, users and machines."""

    def add_row(self, image: str, patient: str, *, is_elsewhere: bool = False) -> None:
        """Add an image and its patient, which is the image's own name where it is unknown."""
        self.images[image] = self.images.get(image, True) and is_elsewhere
        if patient != image and patient:
            self.patients[patient] = self.patients.get(patient, True) and is_elsewhere

    def words(self) -> Iterator[str]:
        """Yield what must not be left: each name, and a path's last part with and without ending.

        Names that a pseudonymised study has already, and words that stay, are left out.
        """
        all_words = (*self.patients, *self.places)
        for word in (*all_words, *(form for image in self.images for form in forms_of(image))):
            if word not in self.vocabulary and not is_pseudonym(word):
                yield word


def forms_of(image: str) -> tuple[str, ...]:
    """Return an image's name, and its last part with and without its ending.

    A stem of letters alone (`scan.png`) may be any word, and is left out.
    """
    path = PurePosixPath(image.replace("\\", "/"))
    is_word = path.stem.isascii() and path.stem.isalpha()
    return (image, path.name) if is_word else (image, path.name, path.stem)


def is_pseudonym(word: str) -> bool:
    """Return whether a name is one that `--pseudonymise` gives."""
    kind, dash, number = word.partition("-")
    return bool(dash) and kind in {"image", "patient"} and number.isdigit()


def identifiers_of(chosen: Sequence[Chosen]) -> Identifiers:
    """Return what identifies someone in studies, from every file that names images or patients.

    Raises:
        UnreadableFile: such a file is damaged.
    """
    found, seen = Identifiers(), set[str]()
    _add_this_machine(found)
    for each in chosen:
        found.vocabulary |= {each.study.name, *(run.name for run in each.runs)}
        _add_path(found, each.study.path.absolute())
        for run in each.runs:
            _add_rows(found, run, seen)
            _add_hosts(found, run)
            _add_preset(found, run)
    found.vocabulary |= _OWN_WORDS
    return found


def _add_rows(found: Identifiers, run: RunFolder, seen: set[str]) -> None:
    if run.split.is_file() and (digest := digest_of_file(run.split).sha256) not in seen:
        seen.add(digest)
        for line in read_split(run.split):
            found.add_row(line.name, line.patient)
            found.vocabulary |= {*line.subgroups, *line.subgroups.values(), line.part}
    paths = [run.predictions, *([run.opened.predictions] if is_opened(run) else [])]
    for path in filter(Path.is_file, paths):
        predictions = read_predictions(path)
        found.vocabulary |= {*predictions.classes}
        for stored in predictions.splits.values():
            _add_answers(found, stored, is_elsewhere=False)
    for folder in external_folders(run):
        result = read_external(folder)
        if result is None:
            continue
        _add_answers(found, read_answers(run, result), is_elsewhere=True)
        found.vocabulary |= {*result.class_map, *result.absent_classes, result.site}
        for names in result.overlap.copies:
            for name in names:
                found.images.setdefault(name, True)


def _add_answers(found: Identifiers, stored: SplitPredictions, *, is_elsewhere: bool) -> None:
    for image, patient in zip(stored.names, stored.patients, strict=True):
        found.add_row(image, patient, is_elsewhere=is_elsewhere)


class _Host(msgspec.Struct):
    host: str = ""


_host_decoder = msgspec.json.Decoder(_Host)


def _add_hosts(found: Identifiers, run: RunFolder) -> None:
    try:
        host = _host_decoder.decode(read_bytes(run.provenance, MAX_BYTES)).host
    except (MedtuiError, msgspec.MsgspecError, UnicodeDecodeError):
        return
    if host:
        found.places[host] = None


def _add_preset(found: Identifiers, run: RunFolder) -> None:
    try:
        preset: Preset = parse_preset(read_text(run.preset), str(run.preset))
    except MedtuiError:
        return  # the copy refuses it by name
    found.vocabulary |= {preset.name, preset.data.card, preset.model.architecture}
    sites = [(site.card, site.root) for site in preset.external]
    for card, root in [(preset.data.card, preset.data.root), *sites]:
        for text in (card, root):
            if "/" in text:
                _add_path(found, Path(text))
    for text in (preset.model.weights, preset.model.init):
        if text:
            _add_path(found, Path(text))


def _add_path(found: Identifiers, path: Path) -> None:
    """Add a path and the folder it is in; not `/data`, which is a word of its own."""
    for each in (path, path.parent):
        if len(each.parts) > 2:  # noqa: PLR2004 - the root, and a folder in it
            found.places[str(each)] = None


def _add_this_machine(found: Identifiers) -> None:
    home = os.path.expanduser("~")  # noqa: PTH111 - which never raises
    if home not in {"/", "~", "/root"}:
        found.places[home] = None
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = ""
    names = [user, socket.gethostname(), socket.getfqdn() if "." in socket.gethostname() else ""]
    found.places |= {name: None for name in names if name and name not in _COMMON_USERS}
