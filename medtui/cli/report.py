"""`medtui report`: writes the report of studies, or one of its figures."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medtui.cli import options
from medtui.errors import EnvironmentProblem, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from medtui.reporting.contents import Contents
    from medtui.runs.folder import StudyFolder


_REPORTS = (".html", ".htm", ".md")
"""Endings of a report's file."""


def report(
    ctx: typer.Context,
    studies: options.Studies,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", dir_okay=False,
            help="An .html file, or an .md file with its figures next to it [default: STUDY.html].",
        ),
    ] = None,
    figure: Annotated[
        str,
        typer.Option("--figure", metavar="NAME", help="Write only this figure (.svg, .png, .pdf)."),
    ] = "",
    pseudonymise: options.Pseudonymise = False,
    quiet: options.Quiet = False,
    runs_dir: options.RunsDir = None,
) -> None:  # fmt: skip
    """Write a report of studies: one self-contained HTML file, or Markdown with figures."""
    from medtui.cli.run_lookup import find_studies

    folders = find_studies(options.readable_runs_dir_of(ctx, runs_dir), studies)
    default = f"{folders[0].name}-{figure}.svg" if figure else f"{folders[0].name}.html"
    asked = _Asked(output or Path(default), figure, _ignore if quiet else _show_progress)
    _require_place(asked)
    try:
        written = _write_shared(folders, asked) if pseudonymise else _write_all(folders, asked)
    except OSError as error:
        raise EnvironmentProblem(
            f"Could not write {asked.path}: {error.strerror}. No report was written."
        ) from error
    print("\n".join(map(str, written)))


@dataclass(frozen=True)
class _Asked:
    """What is written, and where."""

    path: Path
    figure: str
    """Name of the only figure; empty for the whole report."""
    tell: Callable[[str], None]


def _require_place(asked: _Asked) -> None:
    """Check the output's ending and folder before minutes are spent on its content.

    Raises:
        UsageError: the ending is none of a report's or of a figure's.
        EnvironmentProblem: the folder is not there.
    """
    from medtui.charts.file_kinds import FILE_KINDS

    path = asked.path
    kinds = tuple(f".{each}" for each in FILE_KINDS) if asked.figure else _REPORTS
    if path.suffix not in kinds:
        what = "figure" if asked.figure else "report"
        raise UsageError(f"{path}: a {what} must be one of {', '.join(kinds)}.")
    if not path.parent.is_dir():
        raise EnvironmentProblem(f"{path.parent} is no folder. No report was written.")


def _write_all(folders: "Sequence[StudyFolder]", asked: _Asked) -> list[Path]:
    from medtui.reporting.contents import gather

    chapters = gather(folders, asked.tell)
    if asked.figure:
        return _write_figure(chapters, asked.figure, asked.path)
    return _write(chapters, asked.path)


def _write_shared(folders: "Sequence[StudyFolder]", asked: _Asked) -> list[Path]:
    """Write a report of copies under pseudonyms, once no name is left in it."""
    import tempfile

    from medtui.runs.atomic_file import publish_bytes
    from medtui.sharing.shadow import shadowed

    asked.tell("replacing names")
    with shadowed(folders) as shadow, tempfile.TemporaryDirectory(prefix="medtui-") as folder:
        beside = Path(folder)
        drawn = _write_all(shadow.studies, replace(asked, path=beside / asked.path.name))
        for path in drawn:
            shadow.require_clean(path)
        targets = [asked.path.parent / path.relative_to(beside) for path in drawn]
        for path, target in zip(drawn, targets, strict=True):
            target.parent.mkdir(exist_ok=True)
            publish_bytes(target, path.read_bytes())
    return targets


def _show_progress(what: str) -> None:
    print(f"{what} ...", file=sys.stderr, flush=True)


def _ignore(_what: str) -> None:
    """Show no progress."""


def _write(chapters: "Sequence[Contents]", path: Path) -> list[Path]:
    from medtui.reporting.html import report_html
    from medtui.reporting.markdown import write_markdown
    from medtui.runs.atomic_file import publish_text

    if path.suffix == ".md":
        return write_markdown(chapters, path)
    publish_text(path, report_html(chapters))
    return [path]


def _write_figure(chapters: "Sequence[Contents]", name: str, path: Path) -> list[Path]:
    from medtui.charts.figures.registry import figures_of
    from medtui.charts.file_kinds import FILE_KINDS
    from medtui.reporting.markdown import figure_file
    from medtui.runs.atomic_file import publish_bytes

    if len(chapters) > 1:
        names = "; ".join(each.name for each in chapters)
        raise UsageError(
            f"A figure shows one data set, but these studies use {len(chapters)}: {names}."
        )
    contents = chapters[0]
    known = {figure.name: figure for figure in figures_of(contents.figure_data)}
    kind = next(each for each in FILE_KINDS if path.suffix == f".{each}")
    if name not in known:
        raise UsageError(f"There is no figure `{name}`.", hint=f"Figures: {', '.join(known)}.")
    publish_bytes(path, figure_file(known[name], contents, kind))
    return [path]
