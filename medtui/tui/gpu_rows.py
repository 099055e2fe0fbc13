"""One GPU as rows of a pane: its load, memory, power, clocks, and whose processes are on it."""

from collections.abc import Sequence
from dataclasses import dataclass

from medtui.protocol.gpus import GpuProcess, GpuSample
from medtui.tui.run.sheet import Sheet, cut, gauge, sparkline
from medtui.units import GIB, MISSING

LABEL = 10
"""Cells for the label of a row."""
_NUMBER = 15
"""Cells for the number of a row."""
_BRIEF_TEXT = 25
"""Cells of the text after a bar in brief rows."""
_SHOWN = 3
"""Processes of a GPU that have a row each; the others are counted."""
_HARMLESS = {"idle", "application clocks"}
"""Reasons for reduced clocks that are nobody's problem."""
_OTHERS_BYTES = GIB // 4
"""Memory of processes that are not listed from which it is mentioned."""


@dataclass(frozen=True)
class GpuUse:
    """What a pane says about one GPU."""

    gpu: GpuSample
    label: str
    """`GPU0`; `GPU0:1` for a MIG instance."""
    loads: Sequence[float | None] = ()
    """The latest loads, oldest first, percent."""
    own_pid: int | None = None
    """The worker of the run on screen; None without one."""
    own_name: str = ""
    """What that run is called."""


def write_gpu(sheet: Sheet, use: GpuUse) -> None:
    """Write four rows, and one for each process."""
    gpu, colours, end, room = use.gpu, sheet.colours, sheet.width - 1, room_of(sheet)
    sheet.row()
    column = sheet.put(1, use.label, colours.strong, is_bold=True) + 1
    name = (gpu.name or "").removeprefix("NVIDIA ")
    sheet.put(column, cut(name, LABEL - column + 1), colours.muted)
    hue = _hue_of(sheet, gpu)
    sheet.put(LABEL + 2, sparks(sheet, use.loads or [gpu.gpu_percent], room), hue)
    sheet.right(end, f"{number(gpu.gpu_percent)} %")
    used, total = gpu.memory_used_bytes, gpu.memory_total_bytes
    _write_bar(sheet, "memory", used, total, _memory_of(gpu), hue)
    if gpu.power_w is not None:
        limit = "" if gpu.power_limit_w is None else f"/{gpu.power_limit_w:.0f}"
        _write_bar(sheet, "power", gpu.power_w, gpu.power_limit_w,
                   f"{gpu.power_w:.0f}{limit} W", hue)  # fmt: skip
    _write_clocks(sheet, gpu)
    _write_processes(sheet, use)


def write_gpu_briefly(sheet: Sheet, use: GpuUse) -> None:
    """Write two rows, and one for each process; what limits the clock stands in its place."""
    gpu, colours, room = use.gpu, sheet.colours, brief_room_of(sheet)
    hue = _hue_of(sheet, gpu)
    sheet.row()
    column = sheet.put(1, use.label, colours.strong, is_bold=True) + 1
    name = (gpu.name or "").removeprefix("NVIDIA ")
    sheet.put(column, cut(name, LABEL - column + 1), colours.muted)
    sheet.put(LABEL + 2, sparks(sheet, use.loads or [gpu.gpu_percent], room), hue)
    limit = "" if gpu.power_limit_w is None else f"/{gpu.power_limit_w:.0f}"
    facts = [f"{number(gpu.gpu_percent):>3} %",
             f"{gpu.temperature_c}°" if gpu.temperature_c is not None else "",
             f"{gpu.power_w:.0f}{limit} W" if gpu.power_w is not None else ""]  # fmt: skip
    sheet.put(LABEL + 3 + room, "  ".join(filter(None, facts)))
    used, total = gpu.memory_used_bytes, gpu.memory_total_bytes
    column = write_share(sheet, "memory", used, total, _memory_of(gpu), hue)
    reasons = [each for each in gpu.throttle_reasons or () if each not in _HARMLESS]
    clock = "" if gpu.sm_clock_mhz is None else f"{gpu.sm_clock_mhz:,} MHz"
    sheet.put(column + 2, reasons[0] if reasons else clock,
              colours.warning if reasons else colours.muted)  # fmt: skip
    _write_processes(sheet, use)


def write_share(
    sheet: Sheet, label: str, used: float | None, total: float | None, text: str, hue: str
) -> int:
    """Write a label, a bar, and a text at the place where that of all such rows begins."""
    room = brief_room_of(sheet)
    sheet.row()
    sheet.put(1, label, sheet.colours.muted)
    if used is not None and total:
        gauge(sheet, LABEL + 2, room, used / total, hue)
    return sheet.put(LABEL + 3 + room, text)


def sparks(sheet: Sheet, loads: Sequence[float | None], room: int) -> str:
    """Return the latest loads as bars, the newest at the right end."""
    return sparkline(list(loads)[-room:], is_ascii=sheet.is_ascii).rjust(room)


def brief_room_of(sheet: Sheet) -> int:
    """Return the cells of a bar in rows with a longer text."""
    return max(4, sheet.width - LABEL - 2 - _BRIEF_TEXT)


def room_of(sheet: Sheet) -> int:
    """Return the cells of a bar between its label and its number."""
    return max(4, sheet.width - LABEL - 2 - _NUMBER)


def number(value: float | None) -> str:
    """Return a whole number; a dash where there is none."""
    return MISSING if value is None else f"{value:.0f}"


def gib(num_bytes: int | None, digits: int = 1) -> str:
    """Return GiB; a dash where there are none."""
    return MISSING if num_bytes is None else f"{num_bytes / GIB:.{digits}f}"


def _memory_of(gpu: GpuSample) -> str:
    if gpu.memory_used_bytes is None:
        return MISSING
    return f"{gib(gpu.memory_used_bytes)}/{gib(gpu.memory_total_bytes, 0)} GiB"


def _write_bar(
    sheet: Sheet, label: str, used: float | None, total: float | None, text: str, hue: str
) -> None:
    sheet.row()
    sheet.put(1, label, sheet.colours.muted)
    if used is not None and total:
        gauge(sheet, LABEL + 2, room_of(sheet), used / total, hue)
    sheet.right(sheet.width - 1, text)


def _write_clocks(sheet: Sheet, gpu: GpuSample) -> None:
    """Write temperature and clock, and in a row of its own, if it is long, why that is low."""
    colours = sheet.colours
    clock = "" if gpu.sm_clock_mhz is None else f"{gpu.sm_clock_mhz:,}"
    most = "" if gpu.max_sm_clock_mhz is None else f"/{gpu.max_sm_clock_mhz:,}"
    facts = [f"{gpu.temperature_c}°" if gpu.temperature_c is not None else "",
             f"{clock}{most} MHz" if clock else ""]  # fmt: skip
    said, reasons = " · ".join(filter(None, facts)) or gpu.note, gpu.throttle_reasons
    if not said and reasons is None:
        return
    sheet.row()
    column = sheet.put(1, said, colours.muted)
    if reasons is None:
        return
    said = _fitting(reasons, sheet.width - 2) if reasons else "throttle none"
    if column + len(said) + len(" · ") > sheet.width - 1:
        sheet.row()
        column = 1
    elif column > 1:
        column = sheet.put(column, " · ", colours.muted)
    is_limited = bool(set(reasons) - _HARMLESS)
    sheet.put(column, said, colours.warning if is_limited else colours.muted)


def _fitting(reasons: Sequence[str], room: int) -> str:
    """Return the reasons that fit, and how many more there are."""
    said = ", ".join(reasons)
    shown = len(reasons)
    while len(said) > room and shown > 1:
        shown -= 1
        said = f"{', '.join(reasons[:shown])} +{len(reasons) - shown}"
    return said


def _write_processes(sheet: Sheet, use: GpuUse) -> None:
    """Write who computes on the GPU; without a list, what is known of the run on screen."""
    gpu = use.gpu
    if gpu.processes is None:
        _write_sums(sheet, use)
        return
    own = [each for each in gpu.processes if each.pid == use.own_pid]
    others = [each for each in gpu.processes if each.pid != use.own_pid]
    shown = [*own, *others][:_SHOWN]
    for process in shown:
        _write_process(sheet, use, process)
    hidden = [each for each in [*own, *others] if each not in shown]
    if hidden:
        memory = sum(each.memory_bytes or 0 for each in hidden)
        _write_row(sheet, f"+{len(hidden)} more", memory or None, is_own=False)


def _write_process(sheet: Sheet, use: GpuUse, process: GpuProcess) -> None:
    is_own = process.pid == use.own_pid
    user = "you" if process.is_other_user is False else process.user or "?"
    name = use.own_name if is_own else process.name or ""
    room = sheet.width - 3 - len(gib(process.memory_bytes)) - len("  GiB ")
    _write_row(sheet, cut(f"{process.pid} {cut(user, 10):<5} {name}", room).rstrip(),
               process.memory_bytes, is_own=is_own)  # fmt: skip


def _write_sums(sheet: Sheet, use: GpuUse) -> None:
    """Write what the run holds, and all the others together: records of earlier versions."""
    own = use.gpu.process_memory_bytes
    if own is None:
        return
    if use.own_pid is not None:
        _write_row(sheet, f"{use.own_pid} this run", own, is_own=True)
    others = (use.gpu.memory_used_bytes or 0) - own
    if others > _OTHERS_BYTES:
        _write_row(sheet, "other processes", others, is_own=False)


def _write_row(sheet: Sheet, text: str, num_bytes: int | None, *, is_own: bool) -> None:
    colours = sheet.colours
    sheet.row()
    if is_own:
        sheet.put(1, "\u203a", colours.accent)
    sheet.put(3, text, colours.text if is_own else colours.muted)
    memory = MISSING if num_bytes is None else f"{gib(num_bytes)} GiB"
    sheet.right(sheet.width - 1, memory, "" if is_own else colours.muted)


def _hue_of(sheet: Sheet, gpu: GpuSample) -> str:
    """Return the colour of a GPU's bars: muted where only other users compute."""
    listed = gpu.processes or []
    is_others = bool(listed) and all(each.is_other_user for each in listed)
    return sheet.colours.muted if is_others else sheet.colours.accent
