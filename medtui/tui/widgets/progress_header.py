"""Progress of a run and its study, or what a finished run came to; and warnings."""

from rich.text import Text
from textual.widgets import Static

from medtui.charts.figures.search import describe_search
from medtui.charts.palette import Colours
from medtui.monitor.run_view import RunView
from medtui.tui.run.answer import Answer
from medtui.tui.run.answer_pane import verdict_look
from medtui.tui.run.outcome import gains_text
from medtui.tui.status_text import as_of, left_of, place_of, speed_of
from medtui.tui.widgets.progress_bar import bar
from medtui.units import SEALED, format_duration, format_percent, plural

_LABEL = 11
_BAR_SHARE = 5
"""A bar takes 1 / `_BAR_SHARE` of the width."""

_WIDE = 98
"""Cells from which run and study have a line each."""


_WATCHED_SAMPLES = 60
"""Samples, one per second, from which it is judged whether the run is slowed down."""

_GAPS = 4
"""Cells of the bar before a sentence, and of the gap behind it."""

_IDLE_PERCENT = 30
_STARVED_SHARE = 0.6


class ProgressHeader(Static):
    """Unframed lines below the title."""

    DEFAULT_CSS = """
    /* Without wrapping, a narrower terminal does not add rows before the lines are cut to it. */
    ProgressHeader { height: auto; padding: 0 2; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    _shown: Text | None = None

    @property
    def _width(self) -> int:
        """Cells across, also while nothing is displayed, which has no size."""
        return self.content_size.width or max(1, self.app.size.width - self.gutter.width)

    def show(self, view: RunView, answer: Answer, colours: Colours, now: float) -> None:
        """Show the lines for this width: in narrow terminals progress has one, a result none."""
        width = self._width
        is_narrow = width < _WIDE
        lines = []
        if view.row.status == "running":
            lines = self._progress(view, colours, is_narrow=is_narrow)
        elif view.result is not None:
            lines = [] if is_narrow else result_lines(view, answer, width, colours)
        elif view.row.status == "silent":
            lines.append(_last_known(view, colours, now))
        elif view.row.status == "waiting":
            lines.append(_in_queue(view, colours))
        elif view.ending:
            lines.append(Text(f"{view.row.status}: {view.ending}", colours.states[view.row.status]))
        elif view.row.status == "queued":
            why = view.study.waiting_for
            turn = f"waiting: {why}" if why else "waits for its turn"
            lines.append(Text(f"{turn}; {view.what}", colours.muted))
        if view.study.is_live and view.row.status != "running" and view.result is None:
            lines.append(self._of_study(view, colours))
        lines += [Text(f"⚠ {loss}", colours.warning) for loss in losses_of(answer)]
        lines += warnings_of(view, colours)
        for line in lines:
            line.truncate(max(1, width), overflow="ellipsis")
        text = Text("\n").join(lines)
        if text != self._shown:
            known, self._shown = self._shown, text
            count = known.plain.count("\n") if known else None
            self.display = bool(lines)
            self.update(text, layout=count != text.plain.count("\n"))

    def _progress(self, view: RunView, colours: Colours, *, is_narrow: bool) -> list[Text]:
        width = self._width
        if is_narrow:
            study = view.study
            left = left_of(study.seconds_left)
            said = f"study {study.num_finished}/{study.num_planned}" + (
                f" · {left}" if left else ""
            )
            run = self._of_run(view, colours, is_brief=True)
            return [_at_ends(run, Text(said, colours.muted), width)]
        facts = _facts_of(view)
        return [
            _at_ends(self._of_run(view, colours), Text(facts[0], colours.muted), width),
            _at_ends(self._of_study(view, colours), Text(facts[1], colours.muted), width),
        ]

    def _of_run(self, view: RunView, colours: Colours, *, is_brief: bool = False) -> Text:
        progress = view.row.progress
        if view.is_behind:
            return Text("reading the log …", style=colours.muted)
        if not progress.cycles:
            return Text(progress.stage or "starting", style=colours.accent)
        facts = [
            format_percent(progress.share, 0),
            left_of(progress.seconds_left),
            f"step {progress.step}/{progress.steps}" if progress.steps and not is_brief else "",
            "" if is_brief else speed_of(progress),
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
        width = max(10, self._width // _BAR_SHARE)
        text = Text(f"{label:<{_LABEL}} ", style=colours.strong)
        text.append_text(bar(share, width, colours))
        said = [fact for fact in facts if fact]
        while said and text.cell_len + 2 + len(" · ".join(said)) > self._width:
            said.pop()
        text.append("  " + " · ".join(said))
        return text


def _in_queue(view: RunView, colours: Colours) -> Text:
    """Return how far a run had come whose job waits in a cluster's queue, and for what."""
    progress = view.row.progress
    share = f", {format_percent(progress.share, 0)} · " if progress.cycles else " · "
    where = f"{place_of(progress)}{share}" if progress.stage else ""
    return Text.assemble((where, colours.muted), (view.ending, colours.states["waiting"]))


def _last_known(view: RunView, colours: Colours, now: float) -> Text:
    """Return how far a silent run had come when it was last heard of, and why it is silent."""
    progress = view.row.progress
    share = f", {format_percent(progress.share, 0)}" if progress.cycles else ""
    where = f"{place_of(progress)}{share} " if progress.stage else ""
    return Text.assemble(
        (f"{where}{as_of(view.row.last_at, now)}".strip(), colours.muted),
        (f" · silent: {view.ending}", colours.states["silent"]),
    )


def warnings_of(view: RunView, colours: Colours) -> list[Text]:
    """Return warnings about a run, a line each."""
    sentences = []
    if view.problem:
        sentences.append(view.problem.replace("\n", " "))
    names = ", ".join(view.dead_layers)
    if names and view.is_before_finetuning:
        sentences.append(f"layers without weights, before fine-tuning: {names}")
    elif names:
        sentences.append(f"collapsed layers, predictions may be at chance level: {names}")
    elif view.are_logits_constant and not view.is_before_finetuning:
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


def result_lines(view: RunView, answer: Answer, width: int, colours: Colours) -> list[Text]:
    """Return what a finished run came to on test and on val as sentences, and what it was."""
    assert view.result is not None
    line = answer.primary
    name, points = view.row.headline.label, " points" if view.row.headline.is_share else ""
    gains = gains_text(answer)
    if view.result.is_sealed:
        said = f"val {name} {view.row.headline.show(view.row.val)}, test {SEALED}"
    elif line.change is None:
        said = f"test {name} {view.row.headline.show(view.row.test)}"
    else:
        change = f"{line.show_change(line.change)} {line.interval}".rstrip()
        said = f"test {name} {change}{points} against the {answer.against}"
    said = f"{gains}, {said}" if gains else said
    if answer.verdict is not None:
        verdict = answer.verdict
        said += f": {verdict.detail if verdict.is_few else verdict.text}"
    if answer.num_patients and "too few" not in said:
        said += f" on {plural(answer.num_patients, 'patient')}"
    _, colour = verdict_look(answer, colours)
    lines = [Text.assemble(("▌ ", colour), (f"{said[:1].upper()}{said[1:]}.",
                                           f"bold {colours.strong}"))]  # fmt: skip
    took = Text(f"took {format_duration(view.result.seconds)}", colours.muted)
    if forms := _choice(answer, points):
        room = width - took.cell_len - _GAPS
        on_val = next((form for form in forms if len(form) <= room), forms[-1])
        lines.append(Text.assemble(("▌ ", colour), (on_val, colours.text)))
    lines[-1] = _at_ends(lines[-1], took, width)
    return [*lines, Text(f"▌ {view.what}", colours.muted)]


def _choice(answer: Answer, points: str) -> tuple[str, ...]:
    """Return the change on val, by which runs are chosen, in its forms; empty where not known."""
    line, verdict = answer.on_val, answer.val_verdict
    if line is None or line.metric is None:
        return ()
    said = f"On val, which chooses: {line.show_change(line.change)} {line.interval}"
    said = f"{said.rstrip()}{points}"
    if verdict is None or verdict.is_few or answer.margin is None:
        return (f"{said}.",)
    if verdict.state == "worse":
        return (f"{said}: {verdict.text}.",)
    word = "excluded" if verdict.holds else "not excluded"
    said = f"{said}; a loss of {line.metric.show_amount(answer.margin)} is {word}"
    why = f" ({verdict.detail})" if verdict.detail and not verdict.holds else ""
    return (f"{said}{why}.", f"{said}.")


def losses_of(answer: Answer) -> list[str]:
    """Return the metrics that fell beside the primary one, whatever its verdict is."""
    return [f"{line.metric.label} fell on test: {line.show_change(line.change)} {line.interval}"
            f"{' points' if line.metric.is_share else ''}"
            for line in answer.fallen if line.metric is not None]  # fmt: skip


def _facts_of(view: RunView) -> tuple[str, str]:
    """Return what is compressed: how, and what on which device."""
    head, *rest = view.what.split(" · ")
    return " · ".join([*rest[-1:], *filter(None, [view.row.where])]), head.replace(" on ", " · ")


def _at_ends(left: Text, right: Text, width: int) -> Text:
    """Return one line with text at both ends; the right one is left out without room."""
    gap = width - left.cell_len - right.cell_len
    return Text.assemble(left, " " * gap, right) if gap > 1 else left
