"""Formatting of numbers for display. All packages use these functions."""

import math

KIB = 1024
MIB = 1024**2
GIB = 1024**3

MISSING = "—"
SEALED = "sealed"
"""Stands wherever a number of a sealed test would."""

MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"

_FLOAT_ERROR = 1e-9
"""What is nearer to zero is zero, computed by floats."""

_MINUTE = 60
_HOUR = 3600
_DAY = 86400


def format_bytes(num_bytes: float | None) -> str:
    """Return a size with three significant digits in powers of 1024: `44.8 MiB`."""
    if num_bytes is None or not math.isfinite(num_bytes):
        return MISSING
    value = float(num_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < KIB:
            return f"{value:.0f} {unit}" if unit == "B" else f"{_three_digits(value)} {unit}"
        value /= KIB
    return f"{_three_digits(value)} TiB"


def _three_digits(value: float) -> str:
    """Return three significant digits; four before the point rather than an exponent."""
    return f"{value:.3g}" if abs(value) < 999.5 else f"{value:.0f}"  # noqa: PLR2004 - rounds to 1000


def format_gib(num_bytes: float | None) -> str:
    """Return a size in GiB with one decimal and no unit, for axes and columns that carry it."""
    return MISSING if num_bytes is None else f"{num_bytes / GIB:.1f}"


def format_percent(share: float | None, digits: int = 1) -> str:
    """Return a share of 1 as a percentage: 0.958 is `95.8 %`."""
    if share is None or not math.isfinite(share):
        return MISSING
    return f"{share * 100:.{digits}f} %"


def format_density(density: float | None) -> str:
    """Return a density in its usual notation: `0.5`, `0.01`, `1e-6`."""
    if density is None:
        return MISSING
    return f"{density:.0e}".replace("e-0", "e-") if density < 1e-3 else f"{density:.3g}"  # noqa: PLR2004 - below it, zeros are hard to count


def format_factor(factor: float | None) -> str:
    """Return a factor with two digits and its sign: 7.5, from 10 on a whole number."""
    if factor is None or not math.isfinite(factor):
        return MISSING
    return f"{factor:.{1 if factor < 9.95 else 0}f}{TIMES}"  # noqa: PLR2004 - rounds to 10


def format_duration(seconds: float | None) -> str:
    """Return a duration in its two largest units: `8 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def format_estimate(seconds: float | None) -> str:
    """Return an estimated duration, in whole minutes from two on: `40 s`, `37 min`."""
    if seconds is None or not 2 * _MINUTE <= seconds < _HOUR:
        return format_duration(seconds)
    return f"{round(seconds / _MINUTE)} min"


def format_count(count: float | None) -> str:
    """Return a count with thousands separators: `11,177,538`."""
    return MISSING if count is None else f"{count:,.0f}"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: `1 image`, `2,000 images`, `3 copies`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("y") else f"{count:,} {noun}s"


def format_change(change: float, digits: int) -> str:
    """Return a signed difference: `+0.3`, with a minus sign (U+2212) below zero.

    What rounds to zero keeps its sign: that of a bound tells on which side of zero it lies.
    Zero itself, also with the error of a float, is `+0.0`.
    """
    if abs(change) < _FLOAT_ERROR:
        change = 0.0
    return f"{change:+.{digits}f}".replace("-", MINUS)


def format_number(value: float | None, digits: int = 3) -> str:
    """Return a number with `digits` significant digits."""
    return MISSING if value is None or not math.isfinite(value) else f"{value:.{digits}g}"


def format_with_interval(
    value: float | None, interval: tuple[float, float] | None, digits: int = 3
) -> str:
    """Return a number with its interval: `0.92 [0.81, 1.03]`."""
    if value is None:
        return MISSING
    text = f"{value:.{digits}f}"
    if interval is None:
        return text
    return f"{text} [{interval[0]:.{digits}f}, {interval[1]:.{digits}f}]".replace("-", MINUS)
