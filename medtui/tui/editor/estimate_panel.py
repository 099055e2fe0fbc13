"""How long a study takes on this machine, and what it needs."""

from collections.abc import Iterator

from rich.text import Text

from medtui.charts.palette import Colours
from medtui.preset import Preset, count_runs
from medtui.protocol.preflight import Estimate
from medtui.tui.editor.preflight_state import PreflightState
from medtui.tui.widgets.panel import TextPanel
from medtui.units import MISSING, format_bytes, format_estimate, plural


class EstimatePanel(TextPanel):
    """The estimate, of a height that never changes: what is not known yet is a dash."""

    DEFAULT_CSS = """
    EstimatePanel { height: 7; }
    """

    def show(self, preset: Preset | None, state: PreflightState, colours: Colours) -> None:
        """Show the latest estimate; dimmed while that of the present preset is measured."""
        device = state.estimate.device if state.estimate else ""
        below = "measuring time and size …" if state.is_running else ""
        self.caption(f"Estimate · {device}" if device else "Estimate", Text(below, colours.muted))
        lines = list(estimate_lines(preset, state.estimate))
        hero = colours.muted if state.is_outdated else f"bold {colours.strong}"
        text = Text(lines[0], hero)
        for line in lines[1:]:
            text.append(f"\n{line}", f"not bold {colours.muted}")
        self.show_text(text)


def estimate_lines(preset: Preset | None, estimate: Estimate | None) -> Iterator[str]:
    """Yield the time of a study, its runs, the time of each stage, and its disk space."""
    if estimate is None:
        yield f"{MISSING} not measured yet"
    else:
        yield f"about {format_estimate(estimate.seconds_study)}"
    if preset is not None:
        at_most = "at most " if preset.search else ""
        yield f"{at_most}{plural(count_runs(preset), 'run')}{_side_by_side(estimate)}"
    if estimate is not None:
        yield ", ".join(_stages(estimate))
        yield f"at most {format_bytes(estimate.bytes_disk)} of disk"
        if estimate.cores:
            cores = plural(estimate.cores, "core")
            yield f"measured at load {estimate.load:.1f} on {cores}"


def _side_by_side(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    number = estimate.num_side_by_side
    return f", {number} at once" if number > 1 else ", one at a time"


def _stages(estimate: Estimate) -> Iterator[str]:
    yield f"reference {format_estimate(estimate.seconds_reference)}"
    yield f"each run {format_estimate(estimate.seconds_run)}"
    if estimate.seconds_scratch:
        yield f"scratch {format_estimate(estimate.seconds_scratch)}"
    if estimate.seconds_benchmark:
        yield f"benchmark {format_estimate(estimate.seconds_benchmark)}"
