"""The report's figures that one run can fill, as PNG files for its experiment."""

from pathlib import Path

from medtui.analysis.run_record import read_run_records
from medtui.charts.figures.data import FigureData, chart_runs, read_curves
from medtui.charts.figures.registry import figure_named
from medtui.charts.render_matplotlib import file_of
from medtui.runs.atomic_file import publish_bytes
from medtui.runs.folder import RunFolder

NAMES = ("accuracy", "memory", "utilisation", "classes")


def write_figures(run: RunFolder, folder: Path) -> list[Path]:
    """Draw a finished run beside its reference into `folder`; return the files.

    An unfinished run has none.

    Raises:
        OSError: the folder cannot be written.
    """
    entries, _ = read_run_records([run] if run.is_reference else [run.reference, run])
    if not any(entry.folder.name == run.name for entry in entries):
        return []
    curves = {entry.key: read_curves(entry.folder) for entry in entries}
    data = FigureData(chart_runs(entries), curves=curves)
    folder.mkdir(exist_ok=True)
    paths = []
    for figure in map(figure_named, NAMES):
        if figure.is_drawn(data):
            path = folder / f"{figure.name}.png"
            publish_bytes(path, file_of(figure.plots(data), "png"))
            paths.append(path)
    return paths
