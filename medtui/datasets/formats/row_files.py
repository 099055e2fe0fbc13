"""Joins the rows of a table with the image files that they name."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medtui.datasets.files.matching import Matches, match_files
from medtui.datasets.files.scan import Scan
from medtui.datasets.findings import error, note, warning
from medtui.datasets.index import some
from medtui.errors import EnvironmentProblem
from medtui.protocol.finding import Finding
from medtui.units import plural


@dataclass(frozen=True)
class RowFiles:
    """Images that have both a row and a file, in the order of their names."""

    rows: list[int]
    """Row of each image."""
    files: list[str]
    """File of each image, relative to the root."""
    names: list[str]
    """Unique names of the images; the same however the table spells them."""
    findings: list[Finding]


def join_rows(
    names: Sequence[str], found: Scan, root: Path, table: str, unusable: Sequence[str] = ()
) -> RowFiles:
    """Return the images of the rows called `names`; `unusable` ones have no usable row.

    Raises:
        EnvironmentProblem: no row has a file.
    """
    matches = match_files(names, found.files)
    if not matches.pairs and found.masks:  # the table says that they are the images
        found.files, found.masks = sorted(found.files + found.masks), []
        matches = match_files(names, found.files)
    if not matches.pairs:
        raise _nothing_matched(names, found, matches, root, table)
    found.are_files_listed = True
    pairs, spellings = _one_row_per_file(matches)
    files = [file for _, file in pairs]
    image_names = name_images(files)
    order = sorted(range(len(pairs)), key=image_names.__getitem__)
    return RowFiles(
        rows=[pairs[at][0] for at in order],
        files=[files[at] for at in order],
        names=[image_names[at] for at in order],
        findings=[
            *_row_findings(names, matches),
            *_spelling_findings(names, matches, spellings),
            *_file_findings(found, files, unusable),
        ],
    )


def name_images(files: Sequence[str]) -> list[str]:
    """Return the file names where they are unique, otherwise the relative paths."""
    names = [file.rpartition("/")[2] for file in files]
    chosen = names if len(set(names)) == len(names) else list(files)
    composed = [unicodedata.normalize("NFC", name) for name in chosen]
    return composed if len(set(composed)) == len(composed) else chosen


def _one_row_per_file(matches: Matches) -> tuple[list[tuple[int, str]], list[int]]:
    """Return the first row of each file, and the rows that spell the same image in another way."""
    first: dict[str, int] = {}
    spellings = []
    for row, file in sorted(matches.pairs):
        if first.setdefault(file, row) != row:
            spellings.append(row)
    return [(row, file) for file, row in first.items()], spellings


def _row_findings(names: Sequence[str], matches: Matches) -> list[Finding]:
    """Return findings on rows without a file of their own; errors where most rows have none."""
    found = []
    if matches.contended:
        sentence = (
            f"{plural(len(matches.contended), 'row')} of {len(names):,} name different images, "
            f"but fit the same file as another row; they are left out: {_some(matches.contended)}"
        )
        found.append(_ranked("shared-files", sentence, len(matches.contended), len(names)))
    if matches.ambiguous:
        sentence = (
            f"{plural(len(matches.ambiguous), 'row')} fit several files and are left out; write "
            f"more of the path into the table: {_some(matches.ambiguous)}"
        )
        found.append(warning("ambiguous-names", sentence))
    without = len(matches.missing) + len(matches.ambiguous) + len(matches.contended)
    if without:
        sentence = f"{plural(without, 'image')} of {len(names):,} in the table without a file"
        found.append(_ranked("rows-without-files", sentence, without, len(names)))
    return found


def _ranked(name: str, sentence: str, count: int, total: int) -> Finding:
    return (error if count * 2 > total else warning)(name, sentence)


def _spelling_findings(
    names: Sequence[str], matches: Matches, spellings: list[int]
) -> list[Finding]:
    found = [
        note(
            "names-spelled-otherwise",
            f"{plural(count, 'name')} fit a file only if {what} is disregarded",
        )
        for what, count in matches.weaker.items()
    ]
    if matches.folders:
        sentence = (
            f"{plural(len(matches.folders), 'row')} name a folder, whose images all have the "
            f"row's labels: {_some(matches.folders)}"
        )
        found.append(note("rows-of-folders", sentence))
    if spellings:
        sentence = (
            f"{plural(len(spellings), 'row')} name an image that another row names in another "
            f"spelling, which is used: {_some([names[row] for row in spellings])}"
        )
        found.append(warning("repeated-spellings", sentence))
    return found


def _file_findings(found: Scan, files: list[str], unusable: Sequence[str]) -> list[Finding]:
    """Return the files that no row names; a row that cannot be used has a finding of its own."""
    used = {*files, *(file for _, file in match_files(unusable, found.files).pairs)}
    strays = [path for path in found.files if path not in used]
    if not strays:
        return []
    return [
        note("files-without-row", f"{plural(len(strays), 'file')} without a row: {some(strays)}")
    ]


def _nothing_matched(
    names: Sequence[str], found: Scan, matches: Matches, root: Path, table: str
) -> EnvironmentProblem:
    sentence = f"{root}: none of the {len(names):,} images listed in {table} was found"
    if matches.contended or matches.ambiguous:
        sentence += ". " + "; ".join(each.sentence for each in _row_findings(names, matches))
    elif names and found.files:
        file = found.files[len(found.files) // 2]
        sentence += f": the table has `{names[0]}`, the folder has `{file}`"
    return EnvironmentProblem(
        f"{sentence}.",
        hint="Set the folder of the images: --set data.root=/path/to/images",
    )


def _some(names: Sequence[str]) -> str:
    """Return some names, long ones shortened from the left, where paths are alike."""
    return some([name if len(name) <= 60 else f"...{name[-57:]}" for name in names])  # noqa: PLR2004 - a line
