"""The GPUs, the run's process and the machine, from the latest telemetry of the run."""

from medtui.charts.palette import Colours
from medtui.monitor.run_view import RunView
from medtui.telemetry import GpuSample, Sample
from medtui.tui.gpu_rows import LABEL, GpuUse, gib, number, room_of, write_gpu
from medtui.tui.run.sheet import Sheet, cut, gauge, sparkline
from medtui.tui.status_text import as_of


def machine_caption(view: RunView, now: float) -> tuple[str, str]:
    """Return the pane's title, and from when its numbers are."""
    is_live = view.row.status == "running"
    title = "GPU" if view.telemetry.has_gpu else "Process and machine"
    if view.telemetry.latest is None:
        return title, ""
    if is_live:
        return title, "each second"
    return title, as_of(view.telemetry.latest.time, now)


def machine_sheet(view: RunView, width: int, colours: Colours, *, is_ascii: bool = False) -> Sheet:
    """Return the rows of every GPU, then of the run's process and of the machine."""
    sheet = Sheet(width, colours, is_ascii)
    sample = view.telemetry.latest
    if sample is None:
        words = "telemetry was not recorded" if view.is_over else "no telemetry yet"
        sheet.line(words, colours.muted)
        return sheet
    for at, gpu in enumerate(sample.gpus):
        write_gpu(sheet, _use_of(view, gpu, at))
        sheet.row()
    if not sample.gpus:
        _write_process_bars(sheet, sample, [y for _, y in view.telemetry.utilisation])
        sheet.row()
    _write_totals(sheet, sample)
    if not sample.gpus and view.telemetry.why_no_gpu:
        sheet.row()
        sheet.line(cut(view.telemetry.why_no_gpu, width - 2), colours.muted)
    return sheet


def _use_of(view: RunView, gpu: GpuSample, at: int) -> GpuUse:
    loads = view.telemetry.recent_loads
    return GpuUse(
        gpu,
        f"GPU{gpu.index}",
        loads[at] if at < len(loads) else (),
        view.session.pid if view.session is not None else None,
        "this run",
    )


def _write_process_bars(sheet: Sheet, sample: Sample, history: list[float | None]) -> None:
    colours, end, room = sheet.colours, sheet.width - 1, room_of(sheet)
    sheet.row()
    sheet.put(1, "CPU of run", colours.muted)
    known = [min(100.0, y) if y is not None else None for y in history[-room:]]
    sheet.put(LABEL + 2, sparkline(known, is_ascii=sheet.is_ascii), colours.accent)
    sheet.right(end, f"{number(sample.process_cpu_percent)} %")
    for label, used, of_all in (
        ("RAM of run", sample.process_memory_bytes, sample.host_memory_total_bytes),
        ("RAM in use", sample.host_memory_used_bytes, sample.host_memory_total_bytes),
    ):
        sheet.row()
        sheet.put(1, label, colours.muted)
        if used is not None and of_all:
            gauge(sheet, LABEL + 2, room, used / of_all, colours.accent)
        sheet.right(end, f"{gib(used)}/{gib(of_all, 0)} GiB")


def _write_totals(sheet: Sheet, sample: Sample) -> None:
    colours = sheet.colours
    for name, cpu, memory in (
        ("Run", sample.process_cpu_percent, f"{gib(sample.process_memory_bytes)} GiB"),
        ("Box", sample.host_cpu_percent,
         f"{gib(sample.host_memory_used_bytes)}/{gib(sample.host_memory_total_bytes, 0)} GiB"),
    ):  # fmt: skip
        sheet.row()
        sheet.put(1, name, colours.strong, is_bold=True)
        sheet.put(6, f"CPU {number(cpu):>4} %   RAM {memory}", colours.muted)


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
        facts = [f"{number(gpu.gpu_percent)} %",
                 f"{gpu.temperature_c}°" if gpu.temperature_c is not None else "",
                 f"{gpu.power_w:.0f} W" if gpu.power_w is not None else ""]  # fmt: skip
        sheet.put(column, "  ".join(filter(None, facts)), colours.text)
        sheet.row()
        sheet.put(1, "mem", colours.muted)
        used, total = gpu.memory_used_bytes, gpu.memory_total_bytes
        if used is not None and total:
            gauge(sheet, 7, 10, used / total, colours.accent)
        sheet.put(19, f"{gib(used)}/{gib(total, 0)} GiB", colours.text)
    if not sample.gpus:
        _write_totals(sheet, sample)
    return sheet
