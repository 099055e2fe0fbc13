"""The report as Markdown, its figures as SVG and PNG in a folder beside it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import assert_never

from medtui.analysis.subgroup_tables import largest_changes_table
from medtui.analysis.table import Table, table_markdown
from medtui.charts.figures.registry import Figure
from medtui.charts.file_kinds import FileKind
from medtui.charts.render_matplotlib import file_of
from medtui.reporting.contents import Contents, title_of
from medtui.reporting.parts import Code, Gallery, Heading, Paragraph, Part
from medtui.reporting.sections import sections
from medtui.runs.atomic_file import publish_bytes, publish_text
from medtui.runs.slug import slugify

KINDS: tuple[FileKind, ...] = ("svg", "png")
"""Forms in which each figure is written."""


def write_markdown(chapters: Sequence[Contents], path: Path) -> list[Path]:
    """Write the report to `path`; its figures to folders beside it, one for each chapter.

    Raises:
        OSError: a folder cannot be written.
    """
    written = [path]
    lines = [f"# {_harmless(title_of(chapters))}", ""]
    for contents in chapters:
        stem = path.stem if len(chapters) == 1 else f"{path.stem}-{slugify(contents.name)}"
        folder = path.with_name(f"{stem}-figures")
        if len(chapters) > 1:
            lines += [f"# {_harmless(contents.name)}", ""]
        for section in sections(contents):
            lines += [f"## {_harmless(section.title)}", ""]
            for part in section.parts:
                lines += [*_part(part, folder.name, contents), ""]
                if isinstance(part, Figure):
                    written += write_figure(part, contents, folder)
    publish_text(path, "\n".join(lines))
    return written


def write_figure(figure: Figure, contents: Contents, folder: Path) -> list[Path]:
    """Write one figure in each of `KINDS`; return the paths.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{figure.name}.{kind}" for kind in KINDS]
    for path, kind in zip(paths, KINDS, strict=True):
        publish_bytes(path, figure_file(figure, contents, kind))
    return paths


def figure_file(figure: Figure, contents: Contents, kind: FileKind) -> bytes:
    """Return one figure as a file in publication size."""
    return file_of(figure.plots(contents.figure_data), kind)


def _part(part: Part, folder: str, contents: Contents) -> Iterator[str]:
    match part:
        case Paragraph(text):
            yield _harmless(text)
        case Heading(text):
            yield f"### {_harmless(text)}"
        case Code(text):
            yield _fenced(text)
        case Table():
            yield f"### {_harmless(part.title)}\n\n{table_markdown(part)}"
        case Figure():
            caption = part.describe(contents.figure_data)
            yield f"![{_harmless(part.title)}]({folder}/{part.name}.svg)\n\n{_harmless(caption)}"
        case Gallery():
            table = largest_changes_table(part.analysis)
            yield f"### {_harmless(table.title)}\n\n{table_markdown(table)}"
        case _:
            assert_never(part)


def _harmless(text: str) -> str:
    """Return a sentence in which names of others make no HTML, link, image or formula."""
    return re.sub(r"[<&$]|\](?=[(\[])", r"\\\g<0>", text)


def _fenced(text: str) -> str:
    """Return TOML as a code block whose fence is longer than any in the text."""
    longest = max((len(found) for found in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}toml\n{text.rstrip()}\n{fence}"
