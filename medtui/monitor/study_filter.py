"""Filter expressions over studies: `malaria scheme=Prune test>90% OR state=failed NOT has:note`.

They have the grammar of all filters. A study matches where one of its runs, with the study itself,
fulfils all terms, and none fulfils what `NOT` excludes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from medtui.errors import UsageError
from medtui.filter_grammar import Field, Filter, Holds, Value, field_term, parse
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_summary import StudySummary
from medtui.runs.status import FORMER_STATUSES
from medtui.suggest import did_you_mean
from medtui.units import format_bytes, format_density, format_percent


@dataclass(frozen=True)
class StudyRun:
    """A study with one of its runs."""

    study: StudySummary
    run: RunSummary | None
    """None where the study has no runs yet."""
    text: str
    """What Home shows of the study, in lower case."""


def parse_study_filter(text: str) -> Filter[StudyRun]:
    """Parse an expression; see `medtui.filter_grammar`.

    Raises:
        UsageError: a term cannot be parsed, or an operator has no term.
    """
    return parse(text, _term)


def matches(holds: Filter[StudyRun], study: StudySummary) -> bool:
    """Return whether a study fulfils a filter."""
    text = _text_of(study)
    return holds.has_one([StudyRun(study, run, text) for run in study.runs or (None,)])


def _term(word: str) -> Holds[StudyRun]:
    return field_term(word, _field_named, _has_word)


def _has_word(word: str, item: StudyRun) -> bool:
    """Return whether a word occurs in what Home shows of a study, or its state's former name."""
    wanted = word.lower()
    return wanted in item.text or FORMER_STATUSES.get(wanted, wanted) in item.text


def _text_of(study: StudySummary) -> str:
    titles = " ".join(f"{run.title} {run.status}" for run in study.runs)
    return f"{study.name} {study.about} {study.note} {study.status} {titles}".lower()


def _of_run(read: Callable[[RunSummary], Value]) -> Callable[[StudyRun], Value]:
    return lambda item: None if item.run is None else read(item.run)


def _metric(split: str, name: str) -> Callable[[StudyRun], Value]:
    """Return what reads a metric where it is the study's primary one: Home knows no others."""

    def read(item: StudyRun) -> Value:
        run = item.run
        if run is None or run.headline.name != name:
            return None
        return run.val if split == "val" else run.test

    return read


_STATE_WORDS: dict[str, str] = {now: former for former, now in FORMER_STATUSES.items()}

_FIELDS: tuple[Field[StudyRun], ...] = (
    Field("study", lambda item: item.study.name, is_text=True),
    Field("state", lambda item: item.study.status, is_text=True, words=_STATE_WORDS),
    Field("about", lambda item: item.study.about or None, is_text=True),
    Field("note", lambda item: item.study.note or None, is_text=True),
    Field("device", lambda item: item.study.device or None, is_text=True),
    Field("runs", lambda item: float(item.study.num_planned)),
    Field("failed", lambda item: float(item.study.num_failed)),
    Field("run", _of_run(lambda run: run.title), is_text=True),
    Field("run_state", _of_run(lambda run: run.status), is_text=True, words=_STATE_WORDS),
    Field("scheme", _of_run(lambda run: run.title.partition(" ")[0]), is_text=True),
    Field("density", _of_run(lambda run: run.asked_density), show=format_density),
    Field("actual_density", _of_run(lambda run: run.density), show=format_density),
    Field("sparse_size", _of_run(lambda run: run.bytes_packed), show=format_bytes),
    Field("val", _of_run(lambda run: run.val), show=format_percent),
    Field("test", _of_run(lambda run: run.test), show=format_percent),
    *(
        Field(f"{prefix}{name}", _metric(split, name), show=format_percent)
        for prefix, split in (("", "test"), ("val_", "val"))
        for name in ("accuracy", "auroc")
    ),
)

_BY_NAME = {each.name: each for each in _FIELDS}

_OTHER_NAMES = {"status": "state", "name": "study"}


def _field_named(name: str) -> Field[StudyRun]:
    """Return a field by its name or an unambiguous beginning of it: `acc`, `dens`.

    Raises:
        UsageError: Home has no such field, or more than one.
    """
    wanted = name.strip().lower().replace("-", "_")
    wanted = _OTHER_NAMES.get(wanted, wanted)
    found = _BY_NAME.get(wanted)
    begun = [each for each in _BY_NAME if each.startswith(wanted)] if found is None else []
    if found is None and len(begun) == 1:
        found = _BY_NAME[begun[0]]
    if found is not None:
        return found
    if begun:
        raise UsageError(f"`{name}` is ambiguous: {', '.join(begun)}.", hint="Use a longer prefix.")
    hint = did_you_mean(wanted, _BY_NAME, otherwise="Compare (c) filters by all columns.")
    raise UsageError(f"Studies have no column `{name}`.", hint=hint)
