"""What a finished run came to: its patients, its size and speed, its files, its settings."""

from typing import TYPE_CHECKING

from medtui.charts.palette import Colours
from medtui.monitor.run_view import RunView
from medtui.tui.run.sheet import Sheet, cut, cut_start
from medtui.units import MIB, MISSING, format_bytes, format_change, format_factor, plural

if TYPE_CHECKING:
    from medtui.analysis.run_record import RunRecord
    from medtui.tui.run.answer import Answer
    from medtui.tui.run.details import Comparison, RunFiles

_THOUSAND, _MILLION = 1e3, 1e6
_NO_GAIN = 1.05
"""Factors below this are no gain."""


def patients_sheet(found: "Comparison | None", width: int, colours: Colours) -> Sheet:
    """Return each patient's share of right answers, the largest loss first."""
    sheet = Sheet(width, colours)
    if found is None:
        sheet.line("computing …", colours.muted)
        return sheet
    if not found.patients:
        sheet.line(found.problem or "patients are not known, or nothing is compared", colours.muted)
        return sheet
    end = width - 1
    sheet.row()
    for place, word in ((end - 17, "images"), (end - 8, "right"), (end, "change")):
        sheet.right(place, word, colours.muted)
    for patient in found.patients:
        change = patient.change * 100
        colour = colours.muted if change == 0 else colours.bad if change <= -2 else (  # noqa: PLR2004 - points
            colours.warning if change < 0 else colours.text)  # fmt: skip
        sheet.row()
        sheet.put(1, cut_start(patient.patient, max(4, width - 26)))
        sheet.right(end - 17, f"{patient.num_images:,}", colours.text)
        sheet.right(end - 8, f"{patient.after * 100:.1f} %", colours.text)
        sheet.right(end, format_change(change, 1), colour)
    return sheet


def patients_caption(found: "Comparison | None") -> str:
    """Return how many patients fell, and how many answers changed."""
    if found is None or not found.patients:
        return ""
    fell = sum(each.change < 0 for each in found.patients)
    rose = sum(each.change > 0 for each in found.patients)
    said = f"{fell} fell, {rose} rose"
    if found.flips is not None:
        said += f" · {found.flips.num_lost} answers lost, {found.flips.num_gained} won"
    return said


def size_sheet(view: RunView, found: "Comparison | None", width: int, colours: Colours) -> Sheet:
    """Return size and speed of the run, of what it is compared with, and the factor between."""
    sheet = Sheet(width, colours)
    if view.result is None:
        sheet.line("known when the run has finished", colours.muted)
        return sheet
    size = view.result.size
    end = width - 1
    other = "dense" if found is None or found.baseline is None else (
        "control" if found.baseline.folder.is_control else "ref.")  # fmt: skip
    sheet.row()
    for place, word in ((end - 14, "this"), (end - 6, other[:9]), (end, "times")):
        sheet.right(place, word, colours.muted)
    dense_weights = size.num_compressible
    rows = [
        ("sparse, MiB", size.bytes_packed / MIB, _bytes(found, size.bytes_dense) / MIB, False, 3),
        (
            "weights, k",
            size.num_compressible_nonzero / _THOUSAND,
            dense_weights / _THOUSAND,
            False,
            0,
        ),
        ("MACs, M", size.macs / _MILLION, _macs(found, size.macs) / _MILLION, False, 0),
        *_speed(found),
    ]
    for label, value, base, is_higher_better, digits in rows:
        _write_factor(sheet, label, (value, base), digits, is_higher_better=is_higher_better)
    sheet.row()
    sheet.line(f"density {size.density:.3f} of all weights", colours.muted)
    if size.density_reachable is not None and size.num_weights_unreachable:
        sheet.line(f"        {size.density_reachable:.3f} of reachable ones", colours.muted)
    dead = len(size.dead_layers)
    said = f"{plural(dead, 'layer')} dead" if dead else f"all {len(size.layers)} layers alive"
    sheet.line(said, colours.bad if dead else colours.muted)
    if shrunk := view.result.shrinkage:
        sheet.line(f"shrunk: {format_bytes(shrunk.bytes_on_disk)}" if shrunk.bytes_on_disk else
                   "no channel could be removed", colours.muted)  # fmt: skip
    sheet.line(f"dense file {format_bytes(size.bytes_dense)}", colours.muted)
    sheet.line("sparse: the file without zeros", colours.muted)
    return sheet


def _bytes(found: "Comparison | None", own: int) -> int:
    return found.baseline.result.size.bytes_packed if found and found.baseline else own


def _macs(found: "Comparison | None", own: int) -> int:
    return found.baseline.result.size.macs if found and found.baseline else own


def _speed(found: "Comparison | None") -> list[tuple[str, float | None, float | None, bool, int]]:
    """Return latency and throughput where both runs were benchmarked; else that they were not."""
    if found is None:
        return []

    def fastest(record: "RunRecord | None") -> tuple[float | None, float | None]:
        bench = record.bench if record is not None else None
        if bench is None or not bench.contests:
            return None, None
        contest = bench.contests[0]
        return contest.latency.p50_ms, contest.best.images_per_second.median

    own, other = fastest(found.entry), fastest(found.baseline)
    return [("latency, ms", own[0], other[0], False, 3), ("images/s", own[1], other[1], True, 0)]


def _write_factor(
    sheet: Sheet,
    label: str,
    values: tuple[float | None, float | None],
    digits: int,
    *,
    is_higher_better: bool,
) -> None:
    colours, end = sheet.colours, sheet.width - 1
    value, base = values
    sheet.row()
    sheet.put(1, label, colours.muted)
    sheet.right(end - 14, _shown(value, digits))
    sheet.right(end - 6, _shown(base, digits), colours.muted)
    if not value or not base:
        sheet.right(end, MISSING, colours.faint)
        return
    factor = value / base if is_higher_better else base / value
    sheet.right(end, format_factor(factor),
                colours.good if factor > _NO_GAIN else colours.muted)  # fmt: skip


def _shown(value: float | None, digits: int) -> str:
    if value is None:
        return MISSING
    return f"{value:.{digits}g}" if digits else f"{value:,.0f}"


def gains_text(answer: "Answer") -> str:
    """Return how many times smaller than the reference the file is; empty where it is not."""
    factor = answer.smaller or 0.0
    return f"sparse file {format_factor(factor)} smaller" if factor > _NO_GAIN else ""


def files_sheet(files: "RunFiles | None", view: RunView, width: int, colours: Colours) -> Sheet:
    """Return the files of the run's folder, the largest first."""
    sheet = Sheet(width, colours)
    if files is None:
        sheet.line("reading …", colours.muted)
        return sheet
    for each in files.files:
        sheet.row()
        sheet.put(1, cut(each.name, max(4, width - 14)))
        sheet.right(width - 1, format_bytes(each.num_bytes), colours.muted)
    sheet.row()
    sheet.line(f"…/{view.row.key}", colours.muted)
    return sheet


def settings_sheet(files: "RunFiles | None", width: int, colours: Colours) -> Sheet:
    """Return the preset of the run, then where it ran and with which versions."""
    sheet = Sheet(width, colours)
    if files is None:
        sheet.line("reading …", colours.muted)
        return sheet
    for line in files.settings:
        is_head = line.startswith("[")
        sheet.line(line, colours.strong if is_head else colours.text)
    if files.provenance:
        sheet.row()
        sheet.line("provenance.json", colours.strong)
        for line in files.provenance:
            sheet.line(line, colours.muted)
    return sheet


def worker_sheet(files: "RunFiles | None", width: int, colours: Colours) -> Sheet:
    """Return the end of the worker's output."""
    sheet = Sheet(width, colours)
    lines = files.worker_log if files is not None else ()
    if not lines:
        said = "reading …" if files is None else "the worker printed nothing"
        sheet.line(said, colours.muted)
    for line in lines:
        for at in range(0, max(1, len(line)), max(10, width - 2)):
            sheet.line(line[at : at + max(10, width - 2)])
    return sheet
