"""What a study found, as text: its sentences, its line, and the run under the cursor."""

from collections.abc import Sequence

from rich.text import Text

from medtui.analysis.outcome import StudyOutcome
from medtui.charts.palette import Colours
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.snapshot import Snapshot
from medtui.monitor.study_summary import StudySummary
from medtui.runs.run_names import is_reference
from medtui.tui.run.sheet import fitting_parts
from medtui.tui.status_text import age_of, as_of, left_of, state_text
from medtui.tui.widgets.verdict_text import verdict_colour, verdict_word
from medtui.units import format_bytes, format_density, format_duration, format_factor, plural

_BAR = "▌ "


def folder_state(snapshot: Snapshot, colours: Colours) -> Text:
    """Return how many studies there are and run, or why that is not known."""
    if snapshot.problem:
        return Text(f"⚠ {snapshot.problem}", style=colours.warning)
    count = len(snapshot.studies)
    if snapshot.num_unread and count:
        total = count + snapshot.num_unread
        return Text(f"reading {count:,} of {total:,} studies", style=colours.muted)
    text = Text(plural(count, "study"), style=colours.muted)
    live = [state_text(status, colours, f"{count} {status}")
            for status, count in snapshot.live_counts.items()]  # fmt: skip
    return Text("  ").join([*live, text])


def study_line(study: StudySummary, place: int, count: int, colours: Colours, now: float) -> Text:
    """Return name, state and progress of a study, and its place among all of them."""
    state = state_text(study.status, colours)
    text = Text.assemble(" ", state[:1], " ", (study.name, f"bold {colours.strong}"), "  ")
    text.append(f"{state.plain[2:]} {study.num_finished}/{study.num_planned}", state.style)
    if study.is_live and study.seconds_left is not None:
        text.append(f" · {left_of(study.seconds_left)}", colours.muted)
    elif not study.is_live:
        text.append(f" · {age_of(study.last_at, now)} ago".replace("now ago", "now"), colours.muted)
    text.append(f"  ‹ {place} of {count} ›", colours.muted)
    if study.note:
        text.append(f"  {study.note}", colours.strong)
    return text


def about_study(study: StudySummary, colours: Colours) -> Text:
    """Return a study's note, and what it is about."""
    note = (study.note, colours.strong) if study.note else ""
    return Text("  ").join(
        part for part in (Text.assemble(note), Text(study.about, colours.muted)) if part
    )


def sentences(
    study: StudySummary, outcome: StudyOutcome | None, colours: Colours, width: int
) -> tuple[Text, ...]:
    """Return what one may use, by what it was chosen, and what has to be known before.

    Each fits the width; one without words is the last.
    """
    chosen = outcome.chosen if outcome else None
    tone = verdict_colour(chosen.state, colours) if chosen else colours.muted
    left = study.are_runs_left
    first = outcome.sentences(are_runs_left=left) if outcome else (_nothing_yet(study),)
    choice = outcome.choice(are_runs_left=left) if outcome else ()
    lines = (
        (first, tone, f"bold {colours.strong}"),
        (choice, tone, colours.text),
        (_warning(study, outcome), colours.warning, colours.muted),
    )
    said = [Text.assemble((_BAR, bar), (_fitting(forms, width - 2), style))
            for forms, bar, style in lines if forms]  # fmt: skip
    for line in said:
        line.truncate(width, overflow="ellipsis")
    return (*said, *[Text()] * (len(lines) - len(said)))


def run_details(
    run: RunSummary,
    outcome: StudyOutcome | None,
    colours: Colours,
    now: float = 0.0,
    width: int = 80,
) -> Text:
    """Return what is known of the run under the cursor, in five lines at most."""
    found = outcome.run(run.name) if outcome else None
    text = Text.assemble((run.title, f"bold {colours.strong}"), "  ")
    is_judged = found is not None and found.state is not None
    text.append_text(verdict_word(found.state, colours) if found and is_judged else
                     state_text(run.status, colours, run.state))  # fmt: skip
    on_test = " on test" if is_judged and text.cell_len + len(" on test") <= width else ""
    text.append(f"{on_test}\n", colours.muted)
    if run.problem:
        text.append(run.problem.split("\n")[0], colours.warning)
        return text
    if found is not None and outcome is not None and found.value is not None:
        text.append(f"test {run.headline.show(found.value)}", colours.strong)
        text.append(f" · {_beside(run, outcome)}\n", colours.muted)
        text.append(_on_val(run, outcome, width), colours.muted)
    elif run.status == "finished":
        has_test = run.test is not None or run.is_sealed
        shown = f"test {run.test_text} · " if has_test else ""
        if outcome is None and not run.is_sealed:
            shown += "comparing …"
        text.append(f"{shown.removesuffix(' · ')}\n", colours.muted)
    elif run.val is not None:
        said = f"val {run.headline.show(run.val)}"
        is_silent = run.status == "silent"
        when = as_of(run.last_at, now) if is_silent else "so far; test at the end"
        text.append(f"{said} {when}\n", colours.muted)
    size = [f"sparse file {format_bytes(run.bytes_packed)}"] if run.bytes_packed else []
    size += [f"{format_factor(found.smaller)} smaller"] if found and found.smaller else []
    size += [f"density {format_density(run.density)}"] if run.is_compressed and run.density else []
    text.append(fitting_parts(" · ".join(size), width) + ("\n" if size else ""), colours.text)
    word = "epoch" if is_reference(run.name) else "cycle"
    kept = [f"kept {word} {run.cycle}"] if run.cycle is not None else []
    kept += [format_duration(run.seconds)] if run.seconds else []
    text.append(" · ".join([*kept, *filter(None, [run.where])]), colours.muted)
    return text


def _beside(run: RunSummary, outcome: StudyOutcome) -> str:
    """Return the value of what a run is compared with, and the number of patients."""
    said = outcome.sample.replace("test ", "")
    dense = [each for each in outcome.runs if each.name.startswith(outcome.against)]
    if not dense or dense[0].name == run.name:
        return said
    return f"{outcome.against} {run.headline.show(dense[0].value).removesuffix(' %')} · {said}"


def _on_val(run: RunSummary, outcome: StudyOutcome, width: int) -> str:
    """Return the change on val, which decides whether a compression may be chosen, as a line."""
    found = outcome.val_change(run.name)
    if found is None:
        return ""
    word = "may be chosen" if found.holds else "not chosen"
    return fitting_parts(f"val {found.text} · {word}", width) + "\n"


def _nothing_yet(study: StudySummary) -> str:
    if study.is_waiting:
        why = f": {study.waiting_for}" if study.waiting_for else ""
        return f"{study.name} is waiting{why}."
    if study.is_live:
        return f"{study.name} is running: {study.num_finished} of {study.num_planned} runs done."
    return f"{study.name}: no run is finished." if not study.num_finished else "comparing runs …"


def _warning(study: StudySummary, outcome: StudyOutcome | None) -> Sequence[str]:
    """Return the forms of the last sentence, the longest first; empty without one."""
    done = f"{study.num_finished} of {study.num_planned} runs done."
    is_said = outcome is None and study.is_live  # by the first sentence
    rest = done if study.num_finished < study.num_planned and not is_said else ""
    problem = next(iter(outcome.problems), "") if outcome else ""
    if study.problem or problem:
        return (study.problem.split("\n")[0] or problem,)
    if outcome is None or not outcome.warnings:
        return (rest,) if rest else ()
    first = outcome.warnings[0]
    alone = first[0].upper() + first[1:]
    before = f"Before you use it: {first}" if outcome.chosen else alone
    both = " ".join([before, *(each[0].upper() + each[1:] for each in outcome.warnings[1:2])])
    return (f"{both} {rest}".strip(), f"{before} {rest}".strip(), before, alone)


def _fitting(forms: Sequence[str], width: int) -> str:
    """Return the longest form that fits; the last one where none does."""
    return next((form for form in forms if len(form) <= width), forms[-1] if forms else "")
