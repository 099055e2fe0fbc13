"""Prints the check of a data set: what the files are, counts, and what is wrong."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medtui.datasets.check import Check

SHOWN_BAD = 20
"""Bad images listed by name; `--json` lists all."""


def print_check(found: "Check") -> None:
    """Print what reading every image of a data set found."""
    _print_use(found)
    _print_counts(found)
    for finding in found.findings:
        name = f" ({finding.name})" if finding.rank == "error" else ""
        print(f"{finding.rank}: {finding.sentence}{name}")
    _print_images("bad", found.bad)
    _print_images("mismatch", found.mismatches)
    if found.sheet:
        print(f"sheet: {found.sheet}")


def _print_use(found: "Check") -> None:
    """Print what the files are and how they are used."""
    from medtui.datasets.class_weights import describe_weights
    from medtui.units import format_count

    survey = found.summary
    kinds = ", ".join(f"{format_count(count)} {kind}" for kind, count in found.kinds.items())
    low, high = found.sides
    print(f"{survey.card.name}: {survey.card.title}")
    print(f"files    {kinds}; sides of {low} to {high} pixels")
    print(f"used as  {survey.size} x {survey.size}, {survey.channels} channel(s), {survey.task}")
    if survey.positive_class is not None:
        note = "" if survey.card.positive else ", the second class; the card's `positive` decides"
        print(f"positive {survey.positive_class}{note}")
    print(f"augment  {survey.card.augment.summary}")
    print(f"weights  {describe_weights(survey.card.class_weights)}")
    if survey.none_class is not None:
        print(f"none     {survey.none_class} means the absence of the other classes")
    print(f"mean     {_numbers(found.mean)}   std {_numbers(found.std)}, of train\n")


def _print_counts(found: "Check") -> None:
    """Print the images of each class and split."""
    from medtui.cli.table import render_table
    from medtui.units import MISSING, format_count, format_number

    survey = found.summary
    headers = ("class", *(split.name for split in survey.splits), "weight", "width / height")
    rows = [
        [
            name,
            *(format_count(split.counts[name]) for split in survey.splits),
            f"{weight:.3g}",
            format_number(found.aspects.get(name), 2),
        ]
        for name, weight in zip(survey.classes, survey.class_weights, strict=True)
    ]
    rows.append(
        ["images", *(format_count(split.num_images) for split in survey.splits), MISSING, MISSING]
    )
    rows.append(
        [
            "patients",
            *(format_count(split.num_patients) for split in survey.splits),
            MISSING,
            MISSING,
        ]
    )
    print(render_table(headers, rows))


def _print_images(word: str, reasons: dict[str, str]) -> None:
    """Print images by name with their reasons, the first few of many."""
    for name, reason in list(reasons.items())[:SHOWN_BAD]:
        print(f"{word}: {name}: {reason}")
    if len(reasons) > SHOWN_BAD:
        print(f"{word}: and {len(reasons) - SHOWN_BAD:,} more; --json lists all")


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.3f}" for value in values)
