"""Tables of a data set: its classes, splits and patients."""

from collections.abc import Callable
from statistics import median

from rich.table import Table
from rich.text import Text

from medtui.analysis.power import describe_forecast
from medtui.charts.palette import Colours
from medtui.protocol.dataset import DataReport
from medtui.units import format_count, format_percent, plural

_BAR = 16
_MAX_WIDE = 5
"""Columns that fit with two cells between them."""
_BINS = 24
_BLOCKS = "▁▂▃▄▅▆▇█"


def classes_table(report: DataReport, colours: Colours) -> Table:
    """Return the images of each class, as a share of all images, and its patients.

    The images of a multi-label set may have several labels, or none, so a column of their own has
    the shares of all labels.
    """
    columns = _class_columns(report, colours)
    table = _grid(colours, "class", *columns)
    for name in report.classes:
        table.add_row(name, *(cell(name) for cell in columns.values()))
    return table


def _class_columns(report: DataReport, colours: Colours) -> dict[str, Callable[[str], Text | str]]:
    """Return the header of each column, and the cell of a class in it."""
    counts = {name: sum(split.counts[name] for split in report.splits) for name in report.classes}
    num_images, num_labels = report.num_images or 1, sum(counts.values()) or 1
    most = max(counts.values(), default=1) or 1
    columns: dict[str, Callable[[str], Text | str]] = {
        "images": lambda name: format_count(counts[name]),
        "of images": lambda name: format_percent(counts[name] / num_images),
    }
    if report.task == "multi":
        columns["of labels"] = lambda name: format_percent(counts[name] / num_labels)
    else:
        columns = {"": lambda name: _bar(counts[name] / most, colours)} | columns
    if report.has_patients:
        columns["patients"] = lambda name: format_count(
            sum(split.patients.get(name, 0) for split in report.splits)
        )
    if len({*report.class_weights.values()}) > 1:
        columns["weight"] = lambda name: f"{report.class_weights[name]:.3g}"
    return columns


def _bar(share: float, colours: Colours) -> Text:
    return Text("━" * (max(1, round(share * _BAR)) if share else 0), colours.accent)


def splits_table(report: DataReport, colours: Colours) -> Table:
    """Return the images and patients of each split, and the share of the positive class."""
    positive = report.positive_class
    shares = (f"{positive}, %",) if positive else ()
    table = _grid(colours, "split", "images", "patients", *shares)
    for split in report.splits:
        patients = "unknown" if split.num_patients is None else format_count(split.num_patients)
        share = split.counts.get(positive or "", 0) / (split.num_images or 1)
        table.add_row(
            split.name, format_count(split.num_images), patients,
            *((_percent(share),) if positive else ()),
        )  # fmt: skip
    return table


def patients_text(report: DataReport, margin: float, colours: Colours) -> Text:
    """Return the images of the patients, and what the test split can show at a margin."""
    text = (
        Text("✓ no patient is in more than one split", colours.good)
        if report.has_patients
        else Text("⚠ patients may be in more than one split", colours.warning)
    )
    counts = report.images_by_patient
    if counts and counts[0] == counts[-1]:
        text.append(f"\n\n{plural(len(counts), 'patient')} with {plural(counts[0], 'image')} each",
                    colours.muted)  # fmt: skip
    elif counts:
        text.append(f"\n\n{plural(len(counts), 'patient')} with {counts[0]:,} to {counts[-1]:,} "
                    f"images, median {median(counts):,.0f}\n", colours.muted)  # fmt: skip
        text.append(histogram(counts), colours.accent)
    if report.power is not None:
        for sentence in describe_forecast(report.power, margin):
            style = colours.warning if report.power.shortage else colours.muted
            text.append(f"\n{sentence[:1].upper()}{sentence[1:]}.", style)
    return text.append("\n")


def histogram(counts: list[int]) -> str:
    """Return how many patients have how many images: a bar for each of equal ranges of images.

    A range without a patient is blank; `counts` are in ascending order.
    """
    low, width = counts[0], max(1, -(-(counts[-1] - counts[0] + 1) // _BINS))
    bins = [0] * ((counts[-1] - low) // width + 1)
    for count in counts:
        bins[(count - low) // width] += 1
    most = max(bins)
    bars = "".join(
        _BLOCKS[max(0, -(-number * len(_BLOCKS) // most) - 1)] if number else " " for number in bins
    )
    return f"{low:,} {bars} {counts[-1]:,}"


def _grid(colours: Colours, *headers: str) -> Table:
    table = Table.grid(padding=(0, 1) if len(headers) > _MAX_WIDE else (0, 2))
    table.add_column(no_wrap=True, max_width=20, overflow="ellipsis")
    for header in headers[1:]:
        # A number is never cut off: at least as wide as its header, and the bars give way.
        table.add_column(
            justify="right" if header else "left", no_wrap=True, min_width=len(header) or 4
        )
    table.add_row(*(Text(header, colours.muted) for header in headers))
    return table


def _percent(share: float) -> str:
    return format_percent(share).removesuffix(" %")
