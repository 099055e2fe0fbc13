"""Finds image files below a folder, by their names and, without a suffix, by their first bytes."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from medtui.datasets.files.ignored import SYSTEM_FOLDERS, IgnoreRules, find_masks
from medtui.datasets.files.signatures import (
    IMAGE_SUFFIXES,
    SIGNATURE_BYTES,
    UNREAD_SUFFIXES,
    has_telling_suffix,
    suffix_by_content,
    suffix_of,
)
from medtui.datasets.findings import Findings, error, note, warning
from medtui.datasets.index import some
from medtui.errors import EnvironmentProblem
from medtui.protocol.finding import Finding
from medtui.units import plural

__all__ = ["IMAGE_SUFFIXES", "Scan", "scan"]


@dataclass
class Scan:
    """Files found below a folder, and paths that were skipped."""

    files: list[str] = field(default_factory=list)
    """Sorted relative paths of regular files that look like images of the set."""
    others: list[str] = field(default_factory=list)
    """Names of other files: `Thumbs.db`, notes, archives."""
    unread: dict[str, list[str]] = field(default_factory=dict)
    """Format that is not read (`HEIC`) to its files."""
    ignored: list[str] = field(default_factory=list)
    """Files and folders that the card ignores."""
    system_folders: list[str] = field(default_factory=list)
    """Folders of file servers and operating systems, which are not entered."""
    masks: list[str] = field(default_factory=list)
    """Masks and thumbnails that accompany an image."""
    doubtful_masks: list[str] = field(default_factory=list)
    """Files of `files` in a folder that is named like masks."""
    are_files_listed: bool = False
    """Whether a table says which files are images; then other files need no warning."""
    loops: list[str] = field(default_factory=list)
    """Links to a folder that was already visited."""
    unreadable: list[str] = field(default_factory=list)
    """Folders, links and files that cannot be opened."""
    hidden: list[str] = field(default_factory=list)
    """Files and folders whose names begin with a dot, which are not looked at."""

    @property
    def findings(self) -> Findings:
        """Return one finding per kind of skipped path; hidden files are not mentioned."""
        skipped = (
            (note, "other-files", self.others, "file", "without an image suffix skipped"),
            (note, "ignored-files", sorted(self.ignored), "path", "ignored by the card"),
            (note, "system-folders", sorted(self.system_folders), "system folder", "skipped"),
            (note, "repeated-links", self.loops, "link", "to a folder already visited skipped"),
            (warning, "unreadable-paths", self.unreadable, "path", "cannot be opened"),
        )
        return (
            *_unread_findings(self),
            *_mask_findings(self),
            *(
                rank(name, f"{plural(len(paths), noun)} {reason}: {some(paths)}")
                for rank, name, paths, noun, reason in skipped
                if paths
            ),
        )


def scan(folder: Path, rules: IgnoreRules | None = None) -> Scan:
    """Return the image files below `folder`; links are followed, each folder is visited once.

    Folders are visited in the order of their names, and links after all folders that are reached
    without one: which of two paths to a folder counts is the same on every machine.

    Raises:
        EnvironmentProblem: the folder itself is missing or cannot be read.
    """
    rules = rules or IgnoreRules()
    walk = _Walk(folder, rules)
    walk.visit_all()
    found = walk.found
    found.files.sort()
    masks = find_masks(found.files, rules)
    found.masks, found.doubtful_masks = masks.passed_over, masks.doubtful
    if found.masks:
        passed_over = set(found.masks)
        found.files = [path for path in found.files if path not in passed_over]
    return found


class _Walk:
    """One walk through a folder."""

    def __init__(self, folder: Path, rules: IgnoreRules) -> None:
        self.found = Scan()
        self._folder = str(folder)
        self._rules = rules
        self._seen: set[tuple[int, int]] = set()
        self._pending = [""]
        self._links: list[str] = []

    def visit_all(self) -> None:
        while self._pending or self._links:
            if not self._pending:
                self._links.sort(reverse=True)
                self._pending.append(self._links.pop())
            self._visit(self._pending.pop())

    def _visit(self, current: str) -> None:
        path = os.path.join(self._folder, current)  # noqa: PTH118 - pathlib doubles the time of a scan
        try:
            status = os.stat(path)  # noqa: PTH116 - as above
            if (status.st_dev, status.st_ino) in self._seen:
                self.found.loops.append(current)
                return
            self._seen.add((status.st_dev, status.st_ino))
            with os.scandir(path) as listing:
                entries = sorted(listing, key=lambda entry: entry.name, reverse=True)
        except OSError as problem:
            if not current:
                raise _unreadable(self._folder, problem) from problem
            self.found.unreadable.append(current)
            return
        prefix = current and f"{current}/"
        for entry in entries:
            if entry.name.startswith("."):
                self.found.hidden.append(prefix + entry.name)
                continue
            try:
                self._sort_in(entry, prefix + entry.name)
            except OSError:
                self.found.unreadable.append(prefix + entry.name)

    def _sort_in(self, entry: os.DirEntry[str], path: str) -> None:
        """Put a file where it belongs, or a folder among those to visit."""
        found = self.found
        if entry.is_dir():
            if entry.name.lower() in SYSTEM_FOLDERS:
                found.system_folders.append(path)
            elif self._rules.is_ignored(path):
                found.ignored.append(path)
            else:
                (self._links if entry.is_symlink() else self._pending).append(path)
        elif not entry.is_file():
            found.unreadable.append(path)
        else:
            suffix = suffix_of(entry.name)
            if suffix not in IMAGE_SUFFIXES and not has_telling_suffix(entry.name):
                suffix = _suffix_by_content(entry)
            self._sort_in_file(path, suffix)

    def _sort_in_file(self, path: str, suffix: str) -> None:
        found = self.found
        if suffix in IMAGE_SUFFIXES:
            (found.ignored if self._rules.is_ignored(path) else found.files).append(path)
        elif suffix in UNREAD_SUFFIXES:
            if not self._rules.is_ignored(path):
                found.unread.setdefault(UNREAD_SUFFIXES[suffix], []).append(path)
        else:
            found.others.append(path)


def _suffix_by_content(entry: os.DirEntry[str]) -> str:
    if entry.name.upper() == "DICOMDIR":
        return ""  # the index of a medium, with the signature of an image
    with open(entry.path, "rb", buffering=0) as file:  # noqa: PTH123 - as in `_visit`
        return suffix_by_content(file.read(SIGNATURE_BYTES))


def _unread_findings(found: Scan) -> list[Finding]:
    """Return a finding per format that is not read; an error where most images are in it.

    A table reports its rows without a file itself: images may lie there in two formats.
    """
    findings = []
    for kind, files in found.unread.items():
        sentence = (
            f"{plural(len(files), f'{kind} file')} skipped: medtui does not read {kind}; "
            f"convert them to PNG or JPEG: {some(sorted(files))}"
        )
        is_most = len(files) > len(found.files) and not found.are_files_listed
        findings.append((error if is_most else warning)("unsupported-files", sentence))
    return findings


def require_images(found: Scan, root: Path) -> None:
    """Raise if a scan found no image file.

    Raises:
        EnvironmentProblem: with the names of the formats that are not read, if any.
    """
    if found.files:
        return
    if found.unread:
        kinds = "; ".join(finding.sentence for finding in _unread_findings(found))
        raise EnvironmentProblem(
            f"{root}: no image that medtui reads. {kinds}.",
            hint="Convert the files, for example with ImageMagick: mogrify -format png FILES.",
        )
    raise EnvironmentProblem(
        f"{root}: no image file found.",
        hint="Set the folder of the images: --set data.root=/path/to/images",
    )


def _mask_findings(found: Scan) -> list[Finding]:
    findings = []
    if found.masks:
        sentence = f"{plural(len(found.masks), 'mask file')} or thumbnails of other images skipped"
        findings.append(note("masks", f"{sentence}: {some(found.masks)}"))
    if found.doubtful_masks and not found.are_files_listed:
        sentence = (
            f"{plural(len(found.doubtful_masks), 'image')} in folders named like masks are used "
            f"as images; `ignore` in the card excludes them: {some(found.doubtful_masks)}"
        )
        findings.append(warning("possible-masks", sentence))
    return findings


def _unreadable(folder: str, problem: OSError) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"{folder}: {problem.strerror or problem}. The images cannot be read.",
        hint="Set the folder of the images: --set data.root=/path/to/images",
    )
