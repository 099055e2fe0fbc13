"""The load of the machine as one line for the title bar: text only, no measurement."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from medtui.charts.palette import Colours
from medtui.telemetry.vitals import GpuVitals, Vitals

_BARS = "▁▂▃▄▅▆▇█"

_LONG, _SHORT = 6, 4
"""Loads that a sparkline shows where there is space, and where there is less."""

_GAP = "   "
_GIB = 2**30


def spark(percents: Sequence[int], length: int) -> str:
    """Return bars for the latest values, on a scale that is always 0 to 100.

    A scale from the smallest to the largest value would show 97 to 99 % as 0 to 100.
    """
    if not length:
        return ""
    top = len(_BARS) - 1
    return "".join(_BARS[min(top, max(0, round(each * top / 100)))] for each in percents[-length:])


def vitals_text(vitals: Vitals | None, width: int, colours: Colours) -> Text:
    """Return the longest form that fits into `width` cells; empty where none does."""
    if vitals is None:
        return Text()
    forms = _gpu_forms(vitals.gpus, colours) if vitals.gpus else _machine_forms(vitals, colours)
    return next((form for form in forms if form.cell_len <= width), Text())


def _machine_forms(vitals: Vitals, colours: Colours) -> Iterator[Text]:
    percents = vitals.cpu_percents
    share = f"{percents[-1]} %" if percents else ""
    used, total = vitals.memory_used_bytes, vitals.memory_total_bytes
    has_memory = used is not None and total is not None
    memory = f"RAM {_whole(used)}/{_whole(total)} GiB" if has_memory else ""
    for length in (_SHORT, 0):
        cpu = _joined([("CPU", colours.muted), (spark(percents, length), colours.accent), share])
        yield _joined([cpu if share else "", memory])
    yield _joined([share, f"{_whole(used)}G" if has_memory else ""])


def _gpu_forms(gpus: Sequence[GpuVitals], colours: Colours) -> Iterator[Text]:
    """Yield the own GPU in full beside as many others as possible, then less and less of it."""
    first, *others = sorted(gpus, key=lambda gpu: not gpu.is_own)
    for number in range(len(others), -1, -1):
        shown = [_other(gpu, colours) for gpu in others[:number]]
        hidden = len(others) - number
        rest = [Text(f"+{hidden}", colours.muted)] if hidden else []
        yield Text(_GAP).join([_own(first, _LONG, colours), *shown, *rest])
    more = Text(f" +{len(others)}" if others else "", colours.muted)
    yield _own(first, _SHORT, colours) + more
    yield _own(first, _SHORT, colours, has_power=False) + more
    yield _own(first, 0, colours, has_power=False) + more
    yield _own(first, 0, colours, has_power=False)
    yield _shortest(first)


def _own(gpu: GpuVitals, length: int, colours: Colours, *, has_power: bool = True) -> Text:
    is_others = bool(gpu.other_user) and not gpu.is_own
    bars = (spark(gpu.percents, length), colours.muted if is_others else colours.accent)
    return _joined([
        (gpu.label, colours.muted), bars, _share(gpu), _memory(gpu), _degrees(gpu),
        f"{gpu.power_w:.0f} W" if has_power and gpu.power_w is not None else "",
        (gpu.other_user, colours.warning),
    ])  # fmt: skip


def _other(gpu: GpuVitals, colours: Colours) -> Text:
    style = colours.muted
    whose = gpu.other_user or ("" if gpu.is_own or gpu.percents else _memory(gpu))
    bars = spark(gpu.percents, _LONG)
    return _joined([(gpu.label, style), (bars, style), (_share(gpu), style), (whose, style)])


def _shortest(gpu: GpuVitals) -> Text:
    used = gpu.memory_used_bytes
    return _joined([_share(gpu), "" if used is None else f"{_amount(used)}G", _degrees(gpu)])


def _share(gpu: GpuVitals) -> str:
    return f"{gpu.percents[-1]} %" if gpu.percents else ""


def _degrees(gpu: GpuVitals) -> str:
    return "" if gpu.temperature_c is None else f"{gpu.temperature_c}°"


def _memory(gpu: GpuVitals) -> str:
    used, total = gpu.memory_used_bytes, gpu.memory_total_bytes
    return "" if used is None or total is None else f"{_amount(used)}/{_amount(total)} GiB"


def _amount(num_bytes: int | None) -> str:
    """Return GiB with three digits at most: `0.4`, `12.4`, `80`, `256`."""
    gib = (num_bytes or 0) / _GIB
    return f"{gib:.1f}".removesuffix(".0") if gib < 99.95 else f"{gib:.0f}"  # noqa: PLR2004 - three digits


def _whole(num_bytes: int | None) -> str:
    """Return whole GiB: the machine's memory changes all the time."""
    return f"{(num_bytes or 0) / _GIB:.0f}"


def _joined(parts: Sequence[str | Text | tuple[str, str]]) -> Text:
    """Join the parts that are not empty by a blank."""
    texts = [part if isinstance(part, Text) else Text(*_pair(part)) for part in parts]
    return Text(" ").join(text for text in texts if text)


def _pair(part: str | tuple[str, str]) -> tuple[str, str]:
    return (part, "") if isinstance(part, str) else part
