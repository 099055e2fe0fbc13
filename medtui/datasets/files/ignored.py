"""Decides which image files are no images of the set: masks, thumbnails, what a card ignores."""

import fnmatch
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

SYSTEM_FOLDERS = frozenset(
    {
        "@eadir", "@tmp", "#recycle", "#snapshot", "__macosx", "$recycle.bin", "lost+found",
        "system volume information",
    }
)  # fmt: skip
"""Folders of file servers and operating systems, in lower case."""

_MASK_WORDS = r"masks?|segmentations?|ground[ _-]?truths?|annotations?|thumb(?:nail)?s?"
_MASK_FOLDER = re.compile(
    rf"(?:{_MASK_WORDS}|labels?)\Z|.*[ _.-](?:masks?|ground[ _-]?truths?|thumb(?:nail)?s?)\Z",
    re.IGNORECASE,
)
_WORN_MASK = re.compile(r"(?:^|[ _-])(?:no|non|not|without|with|in\w+)[ _-]", re.IGNORECASE)
"""`with_mask`, `without_mask` and `incorrect_mask` are classes of pictures of people."""
_MASK_STEM = re.compile(
    rf"(?P<base>.+?)[ _.-]+(?:{_MASK_WORDS}|seg|gt)(?:[ _-]?\d+)?\Z"
    rf"|(?:masks?|thumb(?:nail)?|tn)[ _-](?P<rest>.+)\Z",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"(?:^|[ _.-]+)[^ _.-]*\Z")
_IMAGE_FOLDER = re.compile(
    r"(?:^|[ _-])(?:images?|imgs?|originals?|scans|frames|pictures)\Z", re.IGNORECASE
)


@dataclass(frozen=True)
class IgnoreRules:
    """Patterns of a card, and names that the default rules must not touch."""

    patterns: tuple[str, ...] = ()
    """Shell patterns for relative paths and names; after `!`, files to keep."""
    classes: tuple[str, ...] = ()
    """Classes that the card names; their folders hold images whatever they are called."""
    _ignored: re.Pattern[str] | None = field(init=False, repr=False)
    _kept: re.Pattern[str] | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Compile the patterns."""
        given = [pattern for pattern in self.patterns if not pattern.startswith("!")]
        kept = [pattern[1:] for pattern in self.patterns if pattern.startswith("!")]
        object.__setattr__(self, "_ignored", _compiled(given))
        object.__setattr__(self, "_kept", _compiled(kept))

    def is_ignored(self, path: str) -> bool:
        """Return whether the card ignores a file or a folder."""
        return bool(self._ignored and self._ignored.match(path))

    def is_kept(self, path: str) -> bool:
        """Return whether the card keeps a file that the default rules would pass over."""
        return bool(self._kept and self._kept.match(path))


def _compiled(patterns: Iterable[str]) -> re.Pattern[str] | None:
    parts = [fnmatch.translate(pattern.rstrip("/")) for pattern in patterns]
    return re.compile("|".join(rf"(?:.*/)?{part}" for part in parts)) if parts else None


@dataclass(frozen=True)
class Masks:
    """Files that look like masks or thumbnails of other images."""

    passed_over: list[str]
    """Files that accompany an image of the set."""
    doubtful: list[str]
    """Files in a folder that is named like masks, without an image that they would belong to."""


def find_masks(files: Collection[str], rules: IgnoreRules) -> Masks:
    """Return the masks and thumbnails among `files`, which are relative paths.

    A name alone decides nothing: a set of people with and without masks has such names too. A file
    is a mask where it accompanies an image: `masks/1.png` beside `images/1.png`, `1_mask.png`
    beside `1.png`.
    """
    in_folders = _in_mask_folders(files, rules)
    others = [path for path in files if path not in in_folders]
    if not others:
        return Masks([], [])
    stems = {_stem(path) for path in others}
    siblings = _folders_by_parent(files)
    by_folder = defaultdict[str, list[str]](list)
    for path, folder in in_folders.items():
        by_folder[folder].append(path)
    passed_over, doubtful = list[str](), list[str]()
    for folder, members in by_folder.items():
        beside = siblings[folder.rpartition("/")[0]]
        has_images_beside = any(map(_IMAGE_FOLDER.search, beside))
        is_companion = has_images_beside or _mostly_accompany(members, stems)
        is_worn = any("mask" in name and _WORN_MASK.search(name) for name in beside)
        (passed_over if is_companion and not is_worn else doubtful).extend(members)
    return Masks(sorted([*passed_over, *_named_like_masks(others, stems, rules)]), sorted(doubtful))


def _in_mask_folders(files: Iterable[str], rules: IgnoreRules) -> dict[str, str]:
    """Return the files below folders that are named like masks, with the folder."""
    classes = {name.strip().casefold() for name in rules.classes}
    found, folder_of = dict[str, str](), dict[str, str]()
    for path in files:
        parent = path.rpartition("/")[0]
        if parent not in folder_of:
            folder_of[parent] = _mask_folder(parent, classes)
        if folder_of[parent] and not rules.is_kept(path):
            found[path] = folder_of[parent]
    return found


def _mask_folder(parent: str, classes: set[str]) -> str:
    parts = parent.split("/")
    for depth, part in enumerate(parts, 1):
        is_class = part.strip().casefold() in classes
        if not is_class and _MASK_FOLDER.match(part) and not _WORN_MASK.search(part):
            return "/".join(parts[:depth])
    return ""


def _folders_by_parent(files: Iterable[str]) -> dict[str, set[str]]:
    """Return the lower-case names of the folders in each folder."""
    inside = defaultdict[str, set[str]](set)
    for folder in {path.rpartition("/")[0] for path in files}:
        parts = folder.split("/")
        for depth, part in enumerate(parts):
            inside["/".join(parts[:depth])].add(part.casefold())
    return inside


def _mostly_accompany(members: list[str], stems: set[str]) -> bool:
    num_accompanying = sum(any(map(stems.__contains__, _shortened(path))) for path in members)
    return num_accompanying * 2 >= len(members)


def _shortened(path: str) -> Iterator[str]:
    """Yield what the image of a mask may be called: `1_ma_2` gives itself, `1_ma` and `1`."""
    stem = _stem(path)
    yield _base(stem) or stem
    while stem:
        yield stem
        stem = _LAST_WORD.sub("", stem)


def _named_like_masks(files: list[str], stems: set[str], rules: IgnoreRules) -> list[str]:
    """Return files like `1_mask.png` where most of them have an image like `1.png`."""
    named = [path for path in files if _base(_stem(path)) and not rules.is_kept(path)]
    with_image = [path for path in named if _base(_stem(path)) in stems]
    return named if len(with_image) * 2 > len(named) else with_image


def _base(stem: str) -> str:
    match = _MASK_STEM.match(stem)
    return (match["base"] or match["rest"]) if match else ""


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0].casefold()
