"""Report on a data set: classes as bars, splits, notes, and a few of its images."""

from collections.abc import Collection, Sequence

from rich.console import Group, RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from medtui.charts.palette import Colours
from medtui.preset import DataSettings
from medtui.preset.toml import Problem
from medtui.protocol.dataset import Checked, DataReport, Reading
from medtui.protocol.finding import Finding
from medtui.tui.editor.dataset_tables import classes_table, patients_text, splits_table
from medtui.tui.editor.labels import with_labels
from medtui.tui.widgets.image_strip import GAP, draw_pictures
from medtui.tui.widgets.panel import Panel
from medtui.units import format_count, format_percent

_PARTS = ("summary", "errors", "check", "splits", "classes", "parts", "findings", "previews")

_SHOWN_BAD = 5
"""Unreadable images that are listed by name."""

_DOING = {"scan": "listing", "wait": "waiting for another process", "decode": "reading"}


class DatasetReport(Panel, VerticalScroll):
    """Shows a report, or that one is being made."""

    DEFAULT_CSS = """
    DatasetReport {
        padding: 0 2;
        scrollbar-size-vertical: 1;
        & Static { height: auto; }
        &.outdated Static { text-opacity: 50%; }
        &.outdated #report-summary { text-opacity: 100%; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="report-summary")
        yield Static(id="report-errors")
        yield Static(id="report-check")
        yield Static(id="report-splits")
        yield Static(id="report-classes")
        yield Static(id="report-parts")
        yield Static(id="report-findings")
        yield Static(id="report-previews")

    def show(
        self,
        report: DataReport | None,
        reading: Reading | None,
        data: DataSettings | None,
        margin: float,
        colours: Colours,
    ) -> None:
        """Show a report, None while the data are inspected; `reading` while every image is read.

        `data` and `margin` are the preset's; errors that it accepts do not stop the study.
        """
        self.caption("Data set")
        accepted = data.accept if data else ()
        parts: dict[str, RenderableType] = dict.fromkeys(_PARTS, "")
        if report is None:
            parts["summary"] = Text("inspecting the data set …", colours.muted)
        elif report.problem:
            parts["summary"] = Text(f"⚠ {report.problem}", colours.warning)
        else:
            errors = [each for each in report.findings if each.rank == "error"]
            others = [each for each in report.findings if each.rank != "error"]
            parts = {
                "summary": _summary(report, colours),
                "check": _check(report, reading, colours),
                "splits": splits_table(report, colours),
                "classes": Group(Text(" "), classes_table(report, colours)),
                "parts": Group(Text(" "), patients_text(report, margin, colours)),
                "errors": _findings(errors, accepted, colours),
                "findings": _findings(others, accepted, colours),
                "previews": _previews(report, self.content_size.width, colours),
            }
        for name, content in parts.items():
            part = self.query_one(f"#report-{name}", Static)
            part.update(content)
            part.display = bool(content)

    def show_outdated(self, problems: Sequence[Problem], colours: Colours) -> None:
        """Show that the report is of an earlier preset, where the present one has problems."""
        self.set_class(bool(problems), "outdated")
        if problems:
            summary = self.query_one("#report-summary", Static)
            summary.update(_outdated(problems, colours))
            summary.display = True
            self.query_one("#report-errors", Static).update("")


def _outdated(problems: Sequence[Problem], colours: Colours) -> Text:
    """Return which fields have to be corrected before the data set is inspected again."""
    keys = (with_labels(problem.key, "data") for problem in problems if problem.key)
    names = ", ".join(dict.fromkeys(keys))
    where = f"Correct {names}" if names else "Correct the preset"
    return Text(f"⚠ {where} first: the data set is not inspected until then.", colours.warning)


def _summary(report: DataReport, colours: Colours) -> Text:
    kind = "grey" if report.channels == 1 else "colour"
    text = Text(report.title, style=f"bold {colours.strong}")
    text.append(
        f"\n{format_count(report.num_images)} images · {len(report.classes)} classes · {kind}, "
        f"{report.size}×{report.size}\n",
        style="not bold",
    )
    if report.positive_class:
        text.append(f"positive class: {report.positive_class}\n", style=f"not bold {colours.muted}")
    return text


def _findings(findings: list[Finding], accepted: Collection[str], colours: Colours) -> Text:
    """Return one finding per line; those that stop a study say how to accept them."""
    lines = []
    for finding in findings:
        match finding.rank:
            case "note":
                lines.append(Text(f"· {finding.sentence}", colours.muted))
            case "warning":
                lines.append(Text(f"⚠ {finding.sentence}", colours.warning))
            case "error" if finding.name in accepted:
                lines.append(Text(f"⚠ accepted: {finding.sentence}", colours.warning))
            case "error":
                line = Text(f"✗ {finding.sentence}\n", f"bold {colours.warning}")
                stops = f"  The study does not start. To accept it, add {finding.name} to accept."
                lines.append(line.append(stops, f"not bold {colours.muted}"))
    return Text("\n").join(lines)


def _check(report: DataReport, reading: Reading | None, colours: Colours) -> Text:
    """Return what reading every image found, or its progress, or how to begin it."""
    if reading is not None:
        share = reading.done / reading.total if reading.total else 0.0
        return Text.assemble(
            (f"{_DOING.get(reading.stage, reading.stage)} ", colours.accent),
            f"{format_count(reading.done)} of {format_count(reading.total)}, "
            f"{format_percent(share, 0)}",
            (" · C to cancel\n", colours.muted),
        )
    if report.checked is None:
        return Text("images not checked · C reads every image\n", colours.muted)
    return _checked(report.checked, colours)


def _checked(found: Checked, colours: Colours) -> Text:
    kinds = ", ".join(f"{format_count(count)} {kind}" for kind, count in found.kinds.items())
    low, high = found.sides
    sides = f"{low} pixels" if low == high else f"{low} to {high} pixels"
    text = Text.assemble(
        ("✓ every image was read\n", colours.good),
        f"{kinds or 'arrays'}; image sides {sides}\n" if high else "",
        f"mean {_numbers(found.mean)} · std {_numbers(found.std)} on train\n",
    )
    if len({*found.aspects.values()}) > 1:
        shapes = " · ".join(f"{name} {aspect:.2f}" for name, aspect in found.aspects.items())
        text.append(f"median width / height: {shapes}\n")
    for name, reason in list(found.bad.items())[:_SHOWN_BAD]:
        text.append(f"⚠ {name}: {reason}\n", style=colours.warning)
    if len(found.bad) > _SHOWN_BAD:
        more = format_count(len(found.bad) - _SHOWN_BAD)
        text.append(f"⚠ and {more} more; `medtui data check` lists all\n", style=colours.warning)
    return text


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.3f}" for value in values)


def _previews(report: DataReport, width: int, colours: Colours) -> Text:
    """Draw images beside each other, two pixels per cell, and below them augmented."""
    previews = report.previews
    if not previews:
        return Text()
    side = len(previews[0].image)
    shown = previews[: max(1, width // (side + len(GAP)))]
    text = Text("\n")
    text.append(GAP.join(preview.label[:side].ljust(side) for preview in shown), colours.muted)
    draw_pictures(text, [preview.image for preview in shown])
    if all(preview.augmented for preview in shown):
        how = f": {report.augment}" if report.augment else ""
        text.append(f"\naugmented, as in a training batch{how}", colours.muted)
        draw_pictures(text, [preview.augmented for preview in shown])
    return text
