"""The charts of one run's telemetry: memory and utilisation over time."""

from medtui.charts.figures.run import own_series
from medtui.charts.plot import Plot, Series
from medtui.monitor.run_view import RunView
from medtui.monitor.telemetry_curves import MEAN_S
from medtui.units import GIB, format_gib

_FULL_PERCENT = 100.0


def memory_plot(view: RunView) -> Plot:
    """Return memory over time, of the total: the GPU's, else the worker's."""
    telemetry = view.telemetry
    total = telemetry.total_bytes
    of_total = "" if total is None else f" of {format_gib(total)}"
    used = "used" if telemetry.has_gpu else "worker"
    return Plot(
        title=f"{'GPU memory' if telemetry.has_gpu else 'Memory'}, GiB{of_total}",
        series=(own_series(view, used, telemetry.memory_used, digits=2, is_kept=False),),
        x_label="minute",
        is_sampled=True,
        is_clock=True,
        y_label="memory, GiB",
        y_limits=(0, None if total is None else total / GIB),
        empty=_no_telemetry(view),
    )


def utilisation_plot(view: RunView) -> Plot:
    """Return utilisation over time: raw faint, its mean of some seconds bold."""
    telemetry = view.telemetry
    has_gpu = telemetry.has_gpu
    mean = own_series(
        view, f"mean of {MEAN_S} s", telemetry.utilisation_mean, digits=0, is_kept=False
    )
    return Plot(
        title="GPU utilisation, %" if has_gpu else "No GPU: process CPU, %",
        series=(mean, Series("raw", telemetry.utilisation, "faint")),
        x_label="minute",
        is_sampled=True,
        is_clock=True,
        y_label="GPU, %" if has_gpu else "CPU, % of one core",
        y_limits=(0, _FULL_PERCENT if has_gpu else None),
        empty=_no_telemetry(view),
    )


def _no_telemetry(view: RunView) -> str:
    return "telemetry was not recorded" if view.is_over else "no telemetry yet"
