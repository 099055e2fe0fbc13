"""Order of the classes: the negative one first, numbers by their value."""

from collections.abc import Iterable, Sequence

from medtui.datasets.suggestion.words import tokens
from medtui.errors import UsageError
from medtui.suggest import did_you_mean

NEGATIVE_WORDS = frozenset(
    {
        "normal", "negative", "healthy", "benign", "uninfected", "control", "controls", "no",
        "non", "not", "without", "absent", "false", "notumor",
    }
)  # fmt: skip
"""Words of a class that is not the finding: `normal`, `HER2 negative`, `no tumor`."""

NONE_LABELS = frozenset({"no finding", "no findings", "no_finding", "normal", "none"})
"""Labels of multi-label sets that stand for no label at all."""


def order_classes(names: Iterable[str], chosen: Sequence[str], positive: str) -> list[str]:
    """Return the classes in the order of the outputs: as chosen, or the negative class first.

    Raises:
        UsageError: a chosen class does not exist.
    """
    known = sorted(names, key=_place)
    for name in (*chosen, *([positive] if positive else [])):
        if name not in known:
            raise UsageError(
                f"{name}: no such class. {did_you_mean(name, known, otherwise='')}".rstrip(),
                hint=f"Classes: {', '.join(known)}.",
            )
    ordered = [*dict.fromkeys(chosen), *(name for name in known if name not in chosen)]
    if positive and not chosen and len(ordered) == 2:  # noqa: PLR2004 - the positive class is last
        ordered.sort(key=positive.__eq__)
    return ordered


def is_negative(name: str) -> bool:
    """Return whether a class is the absence of the finding, by its name; `0` is."""
    return name.strip() == "0" or bool(NEGATIVE_WORDS & set(tokens(name)))


def positive_of(classes: Sequence[str], positive: str) -> str:
    """Return the positive class of a two-class task; empty for other tasks."""
    if len(classes) != 2:  # noqa: PLR2004 - sensitivity needs two classes
        return ""
    return positive or classes[1]


def _place(name: str) -> tuple[bool, bool, float, str]:
    is_number = name.strip().isdigit()
    return (
        not is_negative(name),
        not is_number,
        float(name) if is_number else 0.0,
        name,
    )
