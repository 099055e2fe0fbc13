"""The GPUs, the run's process and the machine, from the latest telemetry of the run."""

from medtui.charts.palette import Colours
from medtui.monitor.run_view import RunView
from medtui.telemetry import GpuSample, Sample
from medtui.tui.run.sheet import Sheet, gauge, sparkline
from medtui.units import GIB, MISSING

_LABEL = 10
_OTHERS_BYTES = GIB // 4
"""Memory of other processes from which these are mentioned."""


def machine_caption(view: RunView) -> tuple[str, str]:
    """Return the pane's title, and what its numbers are."""
    is_live = view.row.status == "running"
    title = "GPU" if view.telemetry.has_gpu else "Process and machine"
    if view.telemetry.latest is None:
        return title, ""
    return title, "each second" if is_live else "the last sample"


def machine_sheet(view: RunView, width: int, colours: Colours, *, is_ascii: bool = False) -> Sheet:
    """Return the rows of every GPU, then of the run's process and of the machine."""
    sheet = Sheet(width, colours, is_ascii)
    sample = view.telemetry.latest
    if sample is None:
        is_over = view.row.status not in {"running", "queued"}
        sheet.line("telemetry was not recorded" if is_over else "no telemetry yet", colours.muted)
        return sheet
    history = [y for _, y in view.telemetry.utilisation]
    for gpu in sample.gpus:
        _write_gpu(sheet, view, gpu, history if len(sample.gpus) == 1 else [])
        sheet.row()
    if not sample.gpus:
        _write_process_bars(sheet, sample, history)
        sheet.row()
    _write_totals(sheet, sample)
    if not sample.gpus and view.telemetry.why_no_gpu:
        sheet.row()
        sheet.line(view.telemetry.why_no_gpu[: width - 2], colours.muted)
    return sheet


def _write_gpu(sheet: Sheet, view: RunView, gpu: GpuSample, history: list[float | None]) -> None:
    colours, end = sheet.colours, sheet.width - 1
    room = _room(sheet)
    sheet.row()
    name = (gpu.name or "").removeprefix("NVIDIA ")
    column = sheet.put(1, f"GPU{gpu.index}", colours.strong, is_bold=True) + 1
    sheet.put(column, name[: max(0, _LABEL - column + 1)], colours.muted)
    busy = history[-room:] if history else [gpu.gpu_percent]
    sheet.put(_LABEL + 2, sparkline(list(busy), is_ascii=sheet.is_ascii), colours.accent)
    sheet.right(end, f"{_number(gpu.gpu_percent)} %")
    sheet.row()
    sheet.put(1, "memory", colours.muted)
    used, total = gpu.memory_used_bytes, gpu.memory_total_bytes
    if used is not None and total:
        gauge(sheet, _LABEL + 2, room, used / total, colours.accent)
    sheet.right(end, f"{_gib(used)}/{_gib(total, 0)} GiB")
    sheet.row()
    facts = [
        f"{gpu.power_w:.0f} W" if gpu.power_w is not None else "",
        f"{gpu.temperature_c}°" if gpu.temperature_c is not None else "",
        f"{gpu.sm_clock_mhz:,} MHz" if gpu.sm_clock_mhz is not None else "",
    ]
    column = sheet.put(1, " · ".join(filter(None, facts)) or gpu.note, colours.muted)
    reasons = gpu.throttle_reasons
    if reasons is not None:
        said = ", ".join(reasons) if reasons else "throttle none"
        if column + len(said) + 3 > end:
            sheet.row()
            column = 1
        else:
            column = sheet.put(column, " · ", colours.muted)
        sheet.put(column, said, colours.warning if reasons else colours.muted)
    _write_users(sheet, view, gpu)


def _write_users(sheet: Sheet, view: RunView, gpu: GpuSample) -> None:
    """Write who holds the GPU's memory: this run, and what other processes have together."""
    colours, end = sheet.colours, sheet.width - 1
    own = gpu.process_memory_bytes
    if own is not None and view.session is not None:
        sheet.row()
        column = sheet.put(1, "› ", colours.accent)
        sheet.put(column, f"{view.session.pid} this run", colours.text)
        sheet.right(end, f"{_gib(own)} GiB")
    others = (gpu.memory_used_bytes or 0) - (own or 0)
    if others > _OTHERS_BYTES and own is not None:
        sheet.row()
        sheet.put(3, "other processes", colours.muted)
        sheet.right(end, f"{_gib(others)} GiB", colours.muted)


def _write_process_bars(sheet: Sheet, sample: Sample, history: list[float | None]) -> None:
    colours, end, room = sheet.colours, sheet.width - 1, _room(sheet)
    sheet.row()
    sheet.put(1, "CPU of run", colours.muted)
    known = [min(100.0, y) if y is not None else None for y in history[-room:]]
    sheet.put(_LABEL + 2, sparkline(known, is_ascii=sheet.is_ascii), colours.accent)
    sheet.right(end, f"{_number(sample.process_cpu_percent)} %")
    for label, used, of_all in (
        ("RAM of run", sample.process_memory_bytes, sample.host_memory_total_bytes),
        ("RAM in use", sample.host_memory_used_bytes, sample.host_memory_total_bytes),
    ):
        sheet.row()
        sheet.put(1, label, colours.muted)
        if used is not None and of_all:
            gauge(sheet, _LABEL + 2, room, used / of_all, colours.accent)
        sheet.right(end, f"{_gib(used)}/{_gib(of_all, 0)} GiB")


def _write_totals(sheet: Sheet, sample: Sample) -> None:
    colours = sheet.colours
    for name, cpu, memory in (
        ("Run", sample.process_cpu_percent, f"{_gib(sample.process_memory_bytes)} GiB"),
        ("Box", sample.host_cpu_percent,
         f"{_gib(sample.host_memory_used_bytes)}/{_gib(sample.host_memory_total_bytes, 0)} GiB"),
    ):  # fmt: skip
        sheet.row()
        sheet.put(1, name, colours.strong, is_bold=True)
        sheet.put(6, f"CPU {_number(cpu):>4} %   RAM {memory}", colours.muted)


def brief_machine(view: RunView, width: int, colours: Colours, *, is_ascii: bool = False) -> Sheet:
    """Return two rows a GPU, or of process and machine, for small terminals."""
    sheet = Sheet(width, colours, is_ascii)
    sample = view.telemetry.latest
    if sample is None:
        sheet.line("no telemetry", colours.muted)
        return sheet
    for gpu in sample.gpus[:2]:
        sheet.row()
        column = sheet.put(1, f"GPU{gpu.index}", colours.strong, is_bold=True) + 2
        facts = [f"{_number(gpu.gpu_percent)} %",
                 f"{gpu.temperature_c}°" if gpu.temperature_c is not None else "",
                 f"{gpu.power_w:.0f} W" if gpu.power_w is not None else ""]  # fmt: skip
        sheet.put(column, "  ".join(filter(None, facts)), colours.text)
        sheet.row()
        sheet.put(1, "mem", colours.muted)
        used, total = gpu.memory_used_bytes, gpu.memory_total_bytes
        if used is not None and total:
            gauge(sheet, 7, 10, used / total, colours.accent)
        sheet.put(19, f"{_gib(used)}/{_gib(total, 0)} GiB", colours.text)
    if not sample.gpus:
        _write_totals(sheet, sample)
    return sheet


def _room(sheet: Sheet) -> int:
    """Return the cells of a bar between its label and its number."""
    return max(4, sheet.width - _LABEL - 2 - 15)


def _number(value: float | None) -> str:
    return MISSING if value is None else f"{value:.0f}"


def _gib(num_bytes: int | None, digits: int = 1) -> str:
    return MISSING if num_bytes is None else f"{num_bytes / GIB:.{digits}f}"
