"""Progress of a run and its study: what is compressed, two bars, and warnings."""

from rich.text import Text
from textual.widgets import Static

from medtui.charts.figures.search import describe_search
from medtui.charts.palette import Colours
from medtui.metrics import VAL_USE
from medtui.monitor.run_view import RunView
from medtui.runs.result import Result
from medtui.tui.status_text import left_of, place_of, speed_of
from medtui.tui.widgets.progress_bar import bar
from medtui.units import format_bytes, format_duration, format_percent, plural

_LABEL = 14
_BAR_SHARE = 4
"""A bar takes 1 / `_BAR_SHARE` of the width."""


_WATCHED_SAMPLES = 60
"""Samples, one per second, from which it is judged whether the run is slowed down."""

_IDLE_PERCENT = 30
_STARVED_SHARE = 0.6


class ProgressHeader(Static):
    """Unframed lines below the title."""

    DEFAULT_CSS = """
    /* Without wrapping, a narrower terminal does not add rows before the lines are cut to it. */
    ProgressHeader { height: auto; padding: 0 2; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    _shown: Text | None = None

    def show(self, view: RunView, colours: Colours) -> None:
        lines = [_what(view, colours)]
        if view.row.status == "running":
            lines.append(self._of_run(view, colours))
        elif view.result is not None:
            lines.append(_result(view, colours))
        elif view.ending:
            lines.append(Text(f"{view.row.status}: {view.ending}", colours.states[view.row.status]))
        if view.study.is_live or view.row.status == "running":
            lines.append(self._of_study(view, colours))
        lines += warnings_of(view, colours)
        for line in lines:
            line.truncate(max(1, self.content_size.width), overflow="ellipsis")
        text = Text("\n").join(lines)
        if text != self._shown:
            known, self._shown = self._shown, text
            count = known.plain.count("\n") if known else None
            self.update(text, layout=count != text.plain.count("\n"))

    def _of_run(self, view: RunView, colours: Colours) -> Text:
        progress = view.row.progress
        if view.is_behind:
            return Text("reading the log …", style=colours.muted)
        if not progress.cycles:
            return Text(progress.stage or "starting", style=colours.accent)
        facts = [
            format_percent(progress.share, 0),
            left_of(progress.seconds_left),
            f"step {progress.step}/{progress.steps}" if progress.steps else "",
            speed_of(progress),
        ]
        return self._line(place_of(progress), progress.share, facts, colours)

    def _of_study(self, view: RunView, colours: Colours) -> Text:
        study = view.study
        facts = [
            format_percent(study.share, 0),
            left_of(study.seconds_left),
            f"{study.num_failed} failed" if study.num_failed else "",
            f"{view.search.scheme}: {describe_search(view.search)}" if view.search else "",
        ]
        return self._line(
            f"study {study.num_finished}/{study.num_planned}", study.share, facts, colours
        )

    def _line(self, label: str, share: float, facts: list[str], colours: Colours) -> Text:
        width = max(10, self.content_size.width // _BAR_SHARE)
        text = Text(f"{label:<{_LABEL}} ", style=colours.strong)
        text.append_text(bar(share, width, colours))
        said = [fact for fact in facts if fact]
        while said and text.cell_len + 2 + len(" · ".join(said)) > self.content_size.width:
            said.pop()
        text.append("  " + " · ".join(said))
        return text


def warnings_of(view: RunView, colours: Colours) -> list[Text]:
    """Return warnings about a run, a line each."""
    sentences = []
    if view.problem:
        sentences.append(view.problem.replace("\n", " "))
    if view.dead_layers:
        names = ", ".join(view.dead_layers)
        sentences.append(f"collapsed layers, predictions may be at chance level: {names}")
    elif view.are_logits_constant:
        sentences.append("the network predicts the same for every image; it is at chance level")
    if unmeasured := _cycles_without_loss(view):
        sentences.append(unmeasured)
    if view.data is not None and not view.data.has_patients:
        sentences.append("the data set has no patient IDs: patients may be in both train and test")
    if slow := _slowness(view):
        sentences.append(slow)
    return [Text(f"⚠ {sentence}", style=colours.warning) for sentence in sentences]


def _cycles_without_loss(view: RunView) -> str:
    """Return in which cycles the val loss was NaN or infinite; empty where in none."""
    lost = [each.cycle for each in view.cycles if each.val.get("loss", 0.0) is None]
    if not lost:
        return ""
    word = "epoch" if view.stage == "reference" else "cycle"
    where = f"{word} {lost[0]}" if len(lost) == 1 else f"{len(lost)} {word}s, last in {lost[-1]}"
    return f"val loss is not finite (NaN) in {where}; models of these are not saved"


def _slowness(view: RunView) -> str:
    """Return why a live run trains slower than it could; empty where nothing is known."""
    busy = [y for _, y in view.telemetry.utilisation[-_WATCHED_SAMPLES:] if y is not None]
    trains = view.row.status == "running" and view.row.progress.steps > 0
    if not trains or len(busy) < _WATCHED_SAMPLES or view.session is None:
        return ""
    mean = sum(busy) / len(busy)
    if view.telemetry.has_gpu:
        if mean >= _IDLE_PERCENT:
            return ""
        return f"low GPU utilisation: {mean:.0f} % in the last minute; try a larger batch size"
    wanted = 100 * view.session.threads
    if mean >= wanted * _STARVED_SHARE:
        return ""
    return f"the machine is busy: this run used {mean:.0f} % of {wanted} % CPU in the last minute"


def _result(view: RunView, colours: Colours) -> Text:
    assert view.result is not None
    headline, test = view.row.headline, view.result.test
    text = Text(f"test {headline.label} {headline.show(view.row.test)}", f"bold {colours.good}")
    if interval := test.intervals.get(headline.name):
        low, high = (headline.show(each).removesuffix(" %") for each in interval)
        text.append(f" [{low} to {high}]", style="not bold")
    facts = [
        f"val {headline.show(view.row.val)} ({VAL_USE})",
        _size(view.result),
        f"time {format_duration(view.result.seconds)}",
    ]
    text.append("  " + " · ".join(facts), style=f"not bold {colours.strong}")
    return text


def _what(view: RunView, colours: Colours) -> Text:
    where = ""
    if view.session is not None:
        where = f" · {view.session.device_name or view.session.device}"
        if view.session.device == "cpu":
            count = view.session.threads
            where += f", {plural(count, 'thread')}"
    return Text(view.what + where, style=colours.muted)


def _size(result: Result) -> str:
    """Return the size of the model file: the shrunk one where there is one."""
    if result.shrinkage is not None and result.shrinkage.bytes_on_disk is not None:
        return f"shrunk size {format_bytes(result.shrinkage.bytes_on_disk)}"
    return f"sparse size {format_bytes(result.size.bytes_packed)}"
