"""What was found in a data set: classes as bars, parts, notes, and a few of its images."""

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from medtui.tui.colours import Colours
from medtui.tui.data_probe import DataReport, Sample
from medtui.tui.widgets.framed import Framed
from medtui.units import format_count, format_percent

_BAR = 24
_GAP = "  "


class Found(Framed, VerticalScroll):
    """Shows a report; says so while one is being made."""

    DEFAULT_CSS = """
    Found {
        padding: 0 2;
        scrollbar-size-vertical: 1;
        & Static { height: auto; }
    }
    """

    def compose(self) -> ComposeResult:
        """Lay the parts out."""
        yield Static(id="found-summary")
        yield Static(id="found-classes")
        yield Static(id="found-parts")
        yield Static(id="found-notes")
        yield Static(id="found-samples")

    def show(self, report: DataReport | None, colours: Colours) -> None:
        """Show a report; None while the data are being looked at."""
        self.caption("What was found")
        parts: dict[str, Text | Table | str]
        parts = {"summary": Text("looking …", colours.muted), "classes": "", "parts": "",
                 "notes": "", "samples": ""}  # fmt: skip
        if report is not None and report.problem:
            parts["summary"] = Text(f"⚠ {report.problem}", colours.warning)
        elif report is not None:
            parts = {
                "summary": _summary(report, colours),
                "classes": _classes(report, colours),
                "parts": _parts(report, colours),
                "notes": Text("\n").join(
                    Text(f"⚠ {note}", colours.warning) for note in report.notes
                ),
                "samples": _samples(report.samples, self.content_size.width, colours),
            }
        for name, content in parts.items():
            self.query_one(f"#found-{name}", Static).update(content)


def _summary(report: DataReport, colours: Colours) -> Text:
    total = sum(part.num_images for part in report.parts)
    kind = "grey" if report.channels == 1 else "colour"
    text = Text(report.title, style=f"bold {colours.strong}")
    text.append(
        f"\n{format_count(total)} images · {len(report.classes)} classes · {kind}, "
        f"{report.size}×{report.size}\n",
        style="not bold",
    )
    return text


def _classes(report: DataReport, colours: Colours) -> Table:
    totals = {name: sum(part.counts[name] for part in report.parts) for name in report.classes}
    most, everything = max(totals.values(), default=1) or 1, sum(totals.values()) or 1
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, max_width=24, overflow="ellipsis")
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True, style=colours.muted)
    for name, count in totals.items():
        length = max(1, round(count / most * _BAR)) if count else 0
        table.add_row(
            name, Text("━" * length, colours.accent), format_count(count),
            format_percent(count / everything, 0),
        )  # fmt: skip
    return table


def _parts(report: DataReport, colours: Colours) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(min_width=8)
    table.add_column(justify="right")
    table.add_column(justify="right")
    table.add_row("", "", "")
    table.add_row(*(Text(word, colours.muted) for word in ("part", "images", "patients")))
    for part in report.parts:
        patients = "unknown" if part.num_patients is None else format_count(part.num_patients)
        table.add_row(part.name, format_count(part.num_images), patients)
    said = (
        Text("no patient is in two parts", colours.good)
        if report.has_patients
        else Text("patients may be in two parts", colours.warning)
    )
    table.add_row("", "", said)
    return table


def _samples(samples: list[Sample], width: int, colours: Colours) -> Text:
    """Draw images beside each other, two pixels to a cell."""
    if not samples:
        return Text()
    side = len(samples[0].image)
    shown = samples[: max(1, width // (side + len(_GAP)))]
    text = Text("\n")
    text.append(_GAP.join(sample.label[:side].ljust(side) for sample in shown), colours.muted)
    for row in range(0, side - 1, 2):
        text.append("\n")
        for sample in shown:
            for above, below in zip(sample.image[row], sample.image[row + 1], strict=True):
                text.append("▀", style=f"rgb({_rgb(above)}) on rgb({_rgb(below)})")
            text.append(_GAP)
    return text


def _rgb(colour: tuple[int, int, int]) -> str:
    return ",".join(map(str, colour))
