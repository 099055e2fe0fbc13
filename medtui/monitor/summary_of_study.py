"""Makes the summary of a study from what was read of its folder."""

from medtui.analysis.search_tables import describe_outcome
from medtui.monitor.study_feed import StudyFeed
from medtui.monitor.study_lines import latest_lines
from medtui.monitor.study_summary import StudySummary
from medtui.monitor.summary_of_run import summarise_run
from medtui.preset import Preset, SearchSettings
from medtui.runs.note import read_note
from medtui.runs.status import Status
from medtui.storage import UnreadableFile
from medtui.units import format_density, plural


def summarise_study(study: StudyFeed) -> StudySummary:
    """Return the current summary of a study."""
    searches = study.search.searches if study.search else ()
    note, note_problem = _note_of(study)
    return StudySummary(
        name=study.folder.name,
        about=_about(study),
        note=note,
        status=status_of_study(study),
        num_failed=study.count("failed", "crashed"),
        num_finished=study.count("finished"),
        num_planned=study.num_planned,
        runs=tuple(summarise_run(study, run) for run in study.runs),
        started_at=study.started_at,
        last_at=study.last_at,
        is_live=study.is_live,
        problem="\n".join(filter(None, (study.problem, note_problem))),
        waiting_for=study.waiting_for,
        lines=latest_lines(study) if study.is_live or study.is_silent else (),
        searches={search.scheme: describe_outcome(search) for search in searches},
    )


def status_of_study(study: StudyFeed) -> Status:
    """Return one state for all runs of a study; a live one that computes nothing may wait."""
    if study.is_waiting:
        return "waiting"
    if study.is_live or study.count("running"):
        return "running"
    if study.count("failed"):
        return "failed"
    if study.count("crashed"):
        return "crashed"
    if study.runs and study.count("finished") == study.num_planned:
        return "finished"
    if study.count("waiting"):
        return "waiting"
    if study.is_silent or study.count("silent"):
        return "silent"
    return "stopped" if study.count("stopped", "finished") else "queued"


def _about(study: StudyFeed) -> str:
    preset = study.preset
    if preset is None:
        return ""
    facts = [preset.data.card, preset.model.architecture]
    if grid := _describe_grid(preset):
        facts.append(grid)
    if preset.search is not None:
        facts.append(f"search of {', '.join(_searched_schemes(study, preset.search))}")
    control = [] if not study.runs or study.has_control else ["no control"]
    return " · ".join([*facts, f"{preset.lc.cycles} cycles", *control])


def _describe_grid(preset: Preset) -> str:
    schemes = ", ".join(preset.compress.schemes)
    if not schemes:
        return ""
    densities = ", ".join(map(format_density, preset.compress.densities))
    omitted = f" less {len(preset.compress.omit)}" if preset.compress.omit else ""
    repeated = (
        f" × {plural(num_seeds, 'seed')}" if (num_seeds := len(preset.seed_pairs)) > 1 else ""
    )
    return f"{schemes} × {densities}{repeated}{omitted}"


def _searched_schemes(study: StudyFeed, settings: SearchSettings) -> list[str]:
    """Return the searched schemes, each with the density found so far."""
    record = study.search
    found = {each.scheme: each.best for each in record.searches} if record else {}
    return [
        f"{scheme} {best.density:.3g}" if (best := found.get(scheme)) else scheme
        for scheme in settings.scheme
    ]


def _note_of(study: StudyFeed) -> tuple[str, str]:
    """Return the user's note, of the note file or the preset, and why the file cannot be read."""
    of_preset = study.preset.note if study.preset else ""
    try:
        note = read_note(study.folder)
    except UnreadableFile as problem:
        return of_preset, problem.message
    return (of_preset if note is None else note), ""
