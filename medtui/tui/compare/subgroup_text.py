"""The texts of the Subgroups tab: verdicts of groups, patients, changed images. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from rich.text import Text

from medtui.analysis.bounds import describe_bounds
from medtui.analysis.changed_images import ChangedImage
from medtui.analysis.differences import difference_text
from medtui.analysis.patient_changes import PatientChange, macro_change
from medtui.analysis.subgroup_analysis import Change, ClassChange, SubgroupAnalysis
from medtui.analysis.verdicts import Verdict
from medtui.charts.palette import Colours
from medtui.control_characters import one_line
from medtui.metrics.shortage import unit_of
from medtui.runs.run_names import is_control, is_reference
from medtui.tui.compare.forest import Forest, ForestRow, draw_row, scale_of
from medtui.tui.compare.table import describe_state, verdict_hue
from medtui.units import MISSING, format_change, format_count, plural

_NAME = 24
_WIDE = 92
"""From so many cells on, both values of the metric, and dots, are beside the change."""

_STATE = 15
"""Cells of a verdict."""

_DOTS = 24
"""Cells of the column of dots at most."""


@dataclass(frozen=True)
class GroupRow:
    """One line of the table of classes and groups."""

    name: str
    num_images: int
    num_patients: int | None
    """None for classes, whose patients are not counted."""
    change: Change
    verdict: Verdict


def group_rows(analysis: SubgroupAnalysis) -> list[GroupRow]:
    """Return all images first, then classes, then groups of patients."""
    rows = [
        GroupRow("all", analysis.num_images, analysis.num_patients or None, analysis.overall,
                 analysis.verdict)
    ]  # fmt: skip
    for each in analysis.classes:
        name = f"{each.name}, {_label_of_class(analysis, each)}"
        rows.append(GroupRow(name, each.num_positives, None, each.changes[0], each.verdict))
    rows += [
        GroupRow(f"{group.kind} {group.value}", group.num_images, group.num_patients or None,
                 group.change, group.verdict)
        for group in analysis.subgroups
    ]  # fmt: skip
    return rows


def _label_of_class(analysis: SubgroupAnalysis, each: ClassChange) -> str:
    """Return the metric of a class: of two classes, the positive one's sensitivity.

    That of the other class is the specificity, as in the table of runs.
    """
    label = each.changes[0].metric.label
    is_other_of_two = len(analysis.classes_after) == 1 and each.name not in analysis.classes_after
    return "specificity" if is_other_of_two and label == "sensitivity" else label


def baseline_word(analysis: SubgroupAnalysis) -> str:
    """Return what a run is compared with, in a word for headers."""
    name = analysis.baseline.rpartition("/")[2]
    return "control" if is_control(name) else "ref." if is_reference(name) else "pinned"


def title_of_groups(analysis: SubgroupAnalysis) -> str:
    """Return the title of the table, with what the changes are relative to."""
    names = {"control": "the control", "ref.": "the reference", "pinned": "the pinned run"}
    return f"By class and group: change against {names[baseline_word(analysis)]}"


_LEAST_DOTS = 16
"""Cells in which intervals can be told apart; with fewer there are no dots."""


def draw_groups(analysis: SubgroupAnalysis, width: int, colours: Colours) -> Text:
    """Return the table of classes and groups, with their dots where there is space."""
    rows = group_rows(analysis)
    columns = _columns(rows, width, baseline_word(analysis))
    head = "".join(f"{header:>{cells}} " for header, cells, _ in columns[1:])
    head = f"{columns[0][0]:<{columns[0][1]}} {head} verdict"
    text = Text.assemble((head, colours.muted), no_wrap=True)
    space = min(_DOTS, width - len(head) - _STATE) if width >= _WIDE else 0
    forest = _forest(analysis, rows, colours)
    for at, (row, dot) in enumerate(zip(rows, forest.rows, strict=True)):
        style = verdict_hue(row.verdict, colours)
        text.append("\n")
        for number, (_, cells, words) in enumerate(columns):
            is_last = number == len(columns) - 1
            cut = _cut(words[at], cells)
            text.append(f"{cut:>{cells}} " if number else f"{cut:<{cells}} ",
                        style if is_last else "")  # fmt: skip
        text.append(f" {describe_state(row.verdict):<{_STATE}}", style=style or colours.good)
        if space >= _LEAST_DOTS:
            text.append_text(draw_row(dot, forest, scale_of(forest), space, colours))
    text.append("\n")
    text.append_text(describe_groups(analysis, colours))
    for line in wrap(_bounds_of(analysis, rows), width):
        text.append(f"\n{line}", colours.muted)
    return text


def _bounds_of(analysis: SubgroupAnalysis, rows: Sequence[GroupRow]) -> str:
    """Return in which rows the interval is a bound by the number of patients alone."""
    return describe_bounds(
        ((row.name, row.change.difference) for row in rows),
        unit=unit_of(has_patients=bool(analysis.num_patients)),
    )


_Columns = list[tuple[str, int, list[str]]]
"""Header, cells and texts of each column."""


def _columns(rows: Sequence[GroupRow], width: int, other: str) -> _Columns:
    """Return the columns before the verdict that fit; the name and the change always stay."""
    changes = [difference_text(row.change.metric, row.change.difference) or "undefined"
               for row in rows]  # fmt: skip
    header = "points [95 %]" if rows[0].change.metric.is_share else "change [95 %]"
    most = max(len(header), *map(len, changes))
    name = max(1, min(_NAME, max(len(row.name) for row in rows), width - most - _STATE - 3))
    found: _Columns = [("group", name, [row.name for row in rows])]
    free = width - name - most - _STATE - 3
    others: _Columns = [
        ("images", 7, [f"{row.num_images:,}" for row in rows]),
        ("patients", 8, ["" if row.num_patients is None else f"{row.num_patients:,}"
                         for row in rows]),
        (other, 7, [_plain(row.change, row.change.before) for row in rows]),
        ("this", 7, [_plain(row.change, row.change.after) for row in rows]),
    ]  # fmt: skip
    for column in others if width >= _WIDE else others[:2]:
        free -= column[1] + 1
        if free >= 0:
            found.append(column)
    return [*found, (header, most, changes)]


def _forest(analysis: SubgroupAnalysis, rows: Sequence[GroupRow], colours: Colours) -> Forest:
    """Return the dots beside the table; those of metrics with other units are left out."""
    metric = analysis.overall.metric
    scale = 100.0 if metric.is_share else 1.0
    dots = []
    for row in rows:
        found = row.change.difference
        is_alike = row.change.metric.is_share == metric.is_share
        hue = verdict_hue(row.verdict, colours) or colours.good
        if found is None or not is_alike:
            dots.append(ForestRow(row.name, "", hue, row.name))
            continue
        ends = (found.low * scale, found.high * scale) if found.has_interval else None
        dots.append(ForestRow(row.name, "", hue, row.name, found.value * scale, ends))
    return Forest(tuple(dots), metric.digits, margin=-analysis.margin * scale)


def describe_groups(analysis: SubgroupAnalysis, colours: Colours) -> Text:
    """Return the sentence below: which classes and groups are worse, or that none is."""
    worse, open_ones = analysis.named("worse"), analysis.named("not shown")
    if worse:
        words = f"✗ Worse: {', '.join(worse)}"
        words += ", although the mean is not." if analysis.verdict.state != "worse" else "."
        return Text(words, style=colours.states["failed"])
    if analysis.verdict.state == "worse":
        return Text("✗ Worse overall; no class or group is by itself.", colours.states["failed"])
    if open_ones:
        return Text(f"~ Not shown: {', '.join(open_ones)}.", style=colours.warning)
    if few := analysis.named("not judged"):
        said = f"· Too few patients or images: {', '.join(few)}."
        return Text(said, style=colours.muted)
    return Text("✓ Non-inferior in every class and group.", style=colours.good)


def describe_holm(analysis: SubgroupAnalysis) -> str:
    """Return over how many rows Holm's method judges, and the margin."""
    judged = sum(row.verdict.state != "not judged" for row in group_rows(analysis)[1:])
    margin = analysis.overall.metric.show_amount(analysis.margin)
    many = (f"Holm judges {judged} classes and groups" if judged else
            "no class or group is judged")  # fmt: skip
    return f"{many}, [95 %] unadjusted · margin {margin}"


def header_of(analysis: SubgroupAnalysis, run: Text, baseline: str, colours: Colours) -> Text:
    """Return study and run, its baseline, on what both were tested, and the overall verdict."""
    text = Text.assemble((f"{analysis.key.partition('/')[0]} ▸ ", colours.muted), run)
    metric = analysis.overall.metric
    change = difference_text(metric, analysis.overall.difference)
    style = verdict_hue(analysis.verdict, colours) or colours.good
    text.append(
        f"  {analysis.split} {metric.label} {change}  {describe_state(analysis.verdict)}",
        style=style,
    )
    text.append(f"  against {baseline}", style=colours.muted)
    patients = plural(analysis.num_patients, "patient") if analysis.num_patients else "images alone"
    text.append(f"  on {patients}", style=colours.muted)
    return text


def describe_patients(analysis: SubgroupAnalysis, colours: Colours, room: int) -> Text:
    """Return how many patients fell and rose, and the mean in which each counts once.

    Where that is longer than `room` cells, the mean is left out.
    """
    if not analysis.patients:
        return Text("The patients are unknown.", style=colours.muted)
    changes = [round(each.change, 9) for each in analysis.patients]
    fell, better = sum(each < 0 for each in changes), sum(each > 0 for each in changes)
    before, after = macro_change(analysis.patients)
    mean = format_change(100 * (after - before), 1)
    count = len(changes)
    said = f"{fell} of {count} fell, {better} rose"
    whole = f"{said} · mean {mean}"
    brief = said if len(said) <= room else f"{fell} fell, {better} rose"
    return Text(whole if len(whole) <= room else brief, style=colours.muted)


def describe_patient(
    changed: Sequence[ChangedImage], num_images: int, other: str, colours: Colours
) -> Text:
    """Return how many answers about a patient changed, and how; what stands below an image."""
    lost, won = (sum(each.kind == kind for each in changed) for kind in ("lost", "won"))
    text = Text(f"{len(changed)} of {num_images:,}: ", style=colours.muted)
    text.append(f"{lost} lost", style=colours.states["failed"] if lost else colours.muted)
    text.append(f" {won} won", style=colours.good if won else colours.muted)
    if changed:
        what = "truth" if all(each.is_of_class for each in changed) else "class"
        text.append(f" · P({what}): {other} → this", style=colours.muted)
    return text


def patient_cells(each: PatientChange, colours: Colours) -> dict[str, Text]:
    """Return the cells of a patient: images, share of right answers before, change in points."""
    change = round(each.change, 9)
    style = colours.muted if change == 0 else colours.states["failed"] if change < 0 else ""
    return {
        "patient": Text(each.patient),
        "images": Text(format_count(each.num_images)),
        "before": Text(f"{100 * each.before:.1f}"),
        "change": Text(format_change(100 * each.change, 1), style=style),
    }


def caption_lines(
    each: ChangedImage, colours: Colours, width: int, num_lines: int
) -> Iterator[Text]:
    """Yield what stands below an image: its class, the probability before and after, the kind.

    In fewer than three lines the sign of the kind is before the probability, which is last.
    """
    style = {"lost": colours.states["failed"], "won": colours.good}.get(each.kind, colours.muted)
    sign = {"lost": "✗", "won": "✓"}.get(each.kind, "~")
    about = f"truth {'' if each.is_of_class else 'no '}{each.about}"
    change = f"{each.before:.2f} → {each.after:.2f}"
    if num_lines > 1:
        yield Text(_cut(about, width + 1))  # one cell of the gap is left
    if num_lines > 2:  # noqa: PLR2004 - a line for each
        ends = "→".join(_share(value) for value in (each.before, each.after))
        what = "truth" if each.is_of_class else "class"
        yield Text(f"P({what}) {ends}", style=f"bold {style}")
        yield Text(f"{sign} {each.kind}", style=style)
    else:
        yield Text(f"{sign} {change}", style=f"bold {style}")


def _share(value: float) -> str:
    """Return a probability in as few cells as there are below an image: `.99`."""
    return f"{value:.2f}".removeprefix("0")


def _plain(change: Change, value: float | None) -> str:
    return MISSING if value is None else change.metric.show(value).removesuffix(" %")


def _cut(text: str, width: int) -> str:
    text = one_line(text)
    return text if len(text) <= width else f"{text[: max(0, width - 1)]}…"
