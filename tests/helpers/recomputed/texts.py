"""Numbers as texts, and tables as people read them, back to rows of cells."""

import math
import re

MINUS = "\N{MINUS SIGN}"

LABELS = {
    "accuracy": "accuracy", "exact_match": "exact match", "top_1": "top-1",
    "balanced_accuracy": "balanced accuracy", "auroc": "AUROC",
    "average_precision": "average precision", "sensitivity": "sensitivity",
    "specificity": "specificity", "f1": "F1", "calibration_error": "calibration error",
    "brier_score": "Brier score",
}  # fmt: skip
NO_SHARES = ("auroc", "average_precision", "f1", "calibration_error", "brier_score")
OF_POSITIVE = ("average_precision", "sensitivity", "specificity", "f1")

Rows = list[list[str]]


def number(value: float | None, digits: int = 3) -> str:
    """Return significant digits."""
    return "—" if value is None or not math.isfinite(value) else f"{value:.{digits}g}"


def percent(value: float | None) -> str:
    """Return a share in percent."""
    return "—" if value is None or not math.isfinite(value) else f"{100 * value:.1f} %"


def shown(name: str, value: float | None) -> str:
    """Return the value of a metric."""
    if name not in NO_SHARES:
        return percent(value)
    return "—" if value is None or not math.isfinite(value) else f"{value:.3f}"


def with_interval(name: str, value: float | None, ends: tuple[float, float] | None) -> str:
    """Return the value of a metric with its interval, with equal digits."""
    if value is None:
        return "—"
    factor, digits, unit = (1, 3, "") if name in NO_SHARES else (100, 1, " %")
    text = f"{factor * value:.{digits}f}{unit}"
    if ends is None:
        return text
    low, high = (f"{factor * each:.{digits}f}" for each in ends)
    return f"{text} [{low}, {high}]"


def signed(value: float, digits: int) -> str:
    """Return a change with its sign, which zero itself does not have: `+0.0`."""
    return f"{value if abs(value) > 1e-9 else 0.0:+.{digits}f}".replace("-", MINUS)


def change(name: str, found: object, fewest: int = 9) -> str:
    """Return a change with its interval, in points where the metric is a share."""
    if found is None:
        return ""
    if isinstance(found, float):
        return signed(found if name in NO_SHARES else 100 * found, 3 if name in NO_SHARES else 1)
    factor, digits = (1, 3) if name in NO_SHARES else (100, 1)
    value, low, high = (signed(factor * each, digits) for each in (
        found.value, *(each if math.isfinite(each) else 0.0 for each in (found.low, found.high)),
    ))  # fmt: skip
    return (
        f"{value} [{low}, {high}]"
        if found.has_ends
        else f"{value} [{found.few or f'n < {fewest}'}]"
    )


def count(value: float) -> str:
    """Return a count with separators."""
    return f"{value:,.0f}"


def size(num_bytes: float) -> str:
    """Return bytes in powers of 1024, with three significant digits."""
    power = min(3, int(math.log(max(1, num_bytes), 1024)))
    value = num_bytes / 1024**power
    text = f"{value:.0f}" if power == 0 else f"{float(f'{value:.3g}'):g}"
    return f"{text} {('B', 'KiB', 'MiB', 'GiB')[power]}"


def duration(seconds: float) -> str:
    """Return seconds, or minutes and seconds."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


def density(value: float | None) -> str:
    """Return a requested density."""
    return "—" if value is None else f"{value:g}"


def label(name: str, positive: str | None) -> str:
    """Return a metric's label with the class that it is about."""
    about = f" for {positive}" if positive and name in OF_POSITIVE else ""
    return f"{LABELS[name]}{about}"


def aligned_tables(text: str) -> list[Rows]:
    """Return the tables of a terminal's text, which stand between blank lines.

    The first column is flush left, the others flush right, so that a header ends where the cells
    of its column end.
    """
    found = []
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line]
        if len(lines) > 1 and "  " in lines[0].strip():
            found.append([_cells(line, lines[0]) for line in lines])
    return found


def _cells(line: str, header: str) -> list[str]:
    ends = [each.end() for each in re.finditer(r"\S+(?: \S+)*", header)]
    second = next(re.finditer(r" {2,}\S", header))
    cells = [line[: _end_of_first(line, ends[1])].strip()]
    starts = [len(line[: _end_of_first(line, ends[1])]), *ends[1:-1]]
    assert second
    return cells + [line[start:end].strip() for start, end in zip(starts, ends[1:], strict=True)]


def _end_of_first(line: str, end: int) -> int:
    """Return where the first cell ends: at the last gap of two blanks before the second's end."""
    gap = line[:end].rstrip().rfind("  ")
    is_indent = not line[: gap + 1].strip()
    return min(len(line), end) if is_indent else gap


def markdown_tables(text: str) -> dict[str, Rows]:
    """Return the tables of a Markdown text by their titles, with the header as first row."""
    found: dict[str, Rows] = {}
    title = ""
    for line in text.splitlines():
        if line.startswith("#"):
            title = plain(line.lstrip("# "))
        elif line.startswith("|") and not re.fullmatch(r"[|\s:-]+", line):
            cells = re.split(r"(?<!\\)\|", line[1:-1])
            found.setdefault(title, []).append([plain(each.strip()) for each in cells])
    return found


def plain(text: str) -> str:
    """Return Markdown without the backslashes that keep characters from being markup."""
    return re.sub(r"\\([^\w\s])", r"\1", text)
