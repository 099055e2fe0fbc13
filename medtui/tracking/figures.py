"""Those of the report's figures that one run can fill, as PNG files for a tracker."""

from pathlib import Path

from medtui.analysis.run_record import Entry, read_entries, task_of
from medtui.metrics import primary_metric
from medtui.monitor.run_curves import read_run_curves
from medtui.reporting.contents import Contents
from medtui.reporting.figures import FIGURES
from medtui.reporting.markdown import figure_file
from medtui.runs.atomic_file import publish_bytes
from medtui.runs.folder import RunFolder

NAMES = ("accuracy", "memory", "utilisation", "classes")


def write_figures(run: RunFolder, folder: Path) -> list[Path]:
    """Draw a finished run beside its reference into `folder`; return the files.

    An unfinished run has none.

    Raises:
        OSError: the folder cannot be written.
    """
    entries, _ = read_entries([run] if run.is_reference else [run.study.reference, run])
    if not any(entry.folder.name == run.name for entry in entries):
        return []
    contents = _contents(run, entries)
    folder.mkdir(exist_ok=True)
    paths = []
    for figure in FIGURES:
        if figure.name in NAMES and figure.applies(contents):
            path = folder / f"{figure.name}.png"
            publish_bytes(path, figure_file(figure, contents, "png"))
            paths.append(path)
    return paths


def _contents(run: RunFolder, entries: list[Entry]) -> Contents:
    headline = primary_metric(task_of(entries))
    return Contents(
        name=run.name,
        entries=tuple(entries),
        headline=headline,
        curves={entry.key: read_run_curves(entry.folder) for entry in entries},
        found={},
        harms=(),
        pictures={},
        card=None,
        preset="",
        provenance=None,
        problems=(),
        probes=(),
        searches=(),
    )
