"""Every kind of stored file in every kind of damage: it costs a line, and nothing else.

A sample runs by default; `make faults` runs all.
"""

import contextlib
import functools
import io
import itertools
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import pytest

from medtui.analysis.run_record import problems_of
from medtui.cli import main
from medtui.errors import MedtuiError
from medtui.runs.folder import StudyFolder
from medtui.tui.compare.model import ComparisonLoader
from tests.helpers.damaged_files import (
    DAMAGES,
    KINDS,
    RUN,
    copy_study,
    path_of,
    write_whole_study,
)
from tests.helpers.hostile_study import controls_in
from tests.helpers.tui_pilot import opened, read_whole, screen_text, until

HANG_SECONDS = 120
"""A verb that takes longer waits for something that never comes."""

EVERY = [*itertools.product(KINDS, DAMAGES)]

SAMPLE = [
    (kind, damage) for at, kind in enumerate(KINDS) for damage in [[*DAMAGES][at % len(DAMAGES)]]
] + [
    ("predictions", "wrong_shapes"),
    ("result", "flipped"),
    ("events", "named_pipe"),
    ("search", "link_loop"),
]
"""Every kind and every damage at least once."""

CHEAP_VERBS: dict[str, list[str]] = {
    "list": ["runs", "list"],
    "show": ["runs", "show", f"cells/{RUN}"],
    "compare": ["runs", "compare", "cells", "healthy", "--json"],
    "verify": ["runs", "verify", "cells"],
}

VERBS: dict[str, list[str]] = CHEAP_VERBS | {
    "list json": ["runs", "list", "--json"],
    "list one": ["runs", "list", "healthy"],
    "show study": ["runs", "show", "cells"],
    "show json": ["runs", "show", "cells", "--json"],
    "compare table": ["runs", "compare", "cells"],
    "compare bench": ["runs", "compare", "cells", "--columns", "scheme,acc,latency,throughput"],
    "subgroups": ["runs", "compare", "cells", "--subgroups"],
    "patients": ["runs", "compare", "cells", "--patients"],
    "classes": ["runs", "compare", "cells", "--classes"],
    "settings": ["runs", "compare", "cells", "--settings"],
    "csv": ["runs", "compare", "cells", "--csv"],
    "bench": ["bench", "cells", "--stored"],
    "verify all": ["runs", "verify", "--json"],
    "report": ["report", "cells", "-q", "-o", "OUT/cells.html"],
}

NAMED_BY: dict[str, tuple[str, ...]] = {
    "result": ("list", "show", "compare", "verify"),
    "events": ("show", "verify"),  # lists read the result of a finished run, and no log
    "predictions": ("compare", "verify"),
    "search": ("list", "verify"),
    "preset": ("compare", "verify"),
}
"""Verbs that read a kind of file, and so name it; all others are named by `verify` alone."""

NAMED_BY_REPORT = (
    "result", "preset", "events", "telemetry", "predictions", "split", "search", "bench",
    "provenance",
)  # fmt: skip

NAMED_ON_SCREENS = (
    "result", "preset", "events", "telemetry", "predictions", "split", "search", "note",
    "provenance",
)  # fmt: skip

UNNOTICED = {
    # Text of the user, without a form: whatever is UTF-8 may be meant.
    ("note", "truncated"), ("note", "flipped"), ("note", "empty"), ("note", "not_a_number"),
    ("note", "wrong_shapes"), ("note", "not_utf8"),
    # Files that a study need not have, and that no result records.
    ("note", "missing"), ("search", "missing"), ("bench", "missing"),
}  # fmt: skip

UNREAD = UNNOTICED | {
    ("events", "missing"), ("events", "empty"),  # a run of which nothing is known yet
    ("events", "truncated"), ("telemetry", "truncated"),  # a line that is being written
    ("telemetry", "missing"), ("telemetry", "empty"), ("telemetry", "flipped"),
}  # fmt: skip
"""Damages that lists cannot tell from a healthy file."""

UNFINISHED = ("result", "missing")
"""To comparisons a run without a result is not finished; lists and `verify` name the file."""


@dataclass(frozen=True)
class Outcome:
    """What a verb printed."""

    code: int
    out: str
    """Standard output, with `RUNS` for the runs folder."""
    err: str

    @property
    def of_healthy(self) -> list[str]:
        """Lines about the healthy study; tables differ in their blanks."""
        return [" ".join(line.split()) for line in self.out.splitlines() if "healthy" in line]

    @property
    def of_others(self) -> list[str]:
        """Rows of the damaged study's other runs."""
        rows = [line.split() for line in self.out.splitlines() if line.startswith("cells/")]
        return [" ".join(row) for row in rows if row[0] != f"cells/{RUN}"]


@dataclass(frozen=True)
class Runs:
    """A runs folder with a study to be damaged and a healthy one."""

    study: StudyFolder
    healthy: StudyFolder

    @property
    def path(self) -> Path:
        """The runs folder."""
        return self.study.path.parent


def _hang(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError("it waits for something that never comes")


def run_verb(runs_dir: Path, arguments: list[str]) -> Outcome:
    """Run a verb in this process; a traceback or a hang fails the test."""
    out, err = io.StringIO(), io.StringIO()
    before = sys.argv, signal.signal(signal.SIGALRM, _hang)
    placed = [each.replace("OUT", str(runs_dir.parent)) for each in arguments]
    sys.argv = ["medtui", *placed, "--runs-dir", str(runs_dir)]
    signal.alarm(HANG_SECONDS)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main()
    finally:
        signal.alarm(0)
        sys.argv = before[0]
        signal.signal(signal.SIGALRM, before[1])
    return Outcome(code, *(each.getvalue().replace(str(runs_dir), "RUNS") for each in (out, err)))


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Write both studies once."""
    runs_dir = tmp_path_factory.mktemp("whole") / "runs"
    runs_dir.mkdir()
    return Runs(write_whole_study(runs_dir, "cells"), write_whole_study(runs_dir, "healthy"))


@pytest.fixture(scope="module")
def undamaged(originals: Runs) -> Callable[[str], Outcome]:
    """Return a function that returns what a verb prints where nothing is damaged."""
    return functools.cache(lambda verb: run_verb(originals.path, VERBS[verb]))


@pytest.fixture
def runs(originals: Runs, tmp_path: Path) -> Runs:
    """Return a copy of both studies."""
    runs_dir = tmp_path / "runs"
    runs_dir.mkdir()
    return Runs(copy_study(originals.study, runs_dir), copy_study(originals.healthy, runs_dir))


@pytest.fixture
def damage(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, str], None]:
    """Return a function that damages a file; a refused permission also holds for root."""

    def apply(path: Path, name: str) -> None:
        DAMAGES[name](path)
        if name == "unreadable" and os.geteuid() == 0:
            _deny(path, monkeypatch)

    return apply


def _deny(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_before = os.open

    def refuse(wanted: str | Path, *rest: object, **named: object) -> int:
        if os.fspath(wanted) == str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return open_before(wanted, *rest, **named)

    monkeypatch.setattr(os, "open", refuse)


def check_verb(runs: Runs, verb: str, kind: str, how: str, before: Outcome) -> None:
    """Run a verb over a damaged file, and compare what it prints with what it printed before."""
    found = run_verb(runs.path, VERBS[verb])
    path = path_of(runs.study, kind).relative_to(runs.path)
    place = f"{verb}: {kind} {how}\n{found.out}\n{found.err}"
    assert found.code in {0, 1, 2, 3}, place
    assert "Traceback" not in found.err, place
    assert controls_in(found.out + found.err) == set(), place
    assert found.of_healthy == before.of_healthy, place
    if verb == "list":
        assert found.of_others == before.of_others, place
    unseen = UNNOTICED if verb == "verify" else UNREAD
    if verb in {"compare", "report"}:
        unseen = {*unseen, UNFINISHED}
    if verb in NAMED_BY.get(kind, ("verify",)) and (kind, how) not in unseen:
        assert f"RUNS/{path}" in found.out + found.err, place
    if verb == "report" and kind in NAMED_BY_REPORT and (kind, how) not in unseen:
        page = (runs.path.parent / "cells.html").read_text(encoding="utf-8")
        assert str(path) in page, place
    if verb == "verify":
        assert found.code == ((kind, how) not in UNNOTICED), place


@pytest.mark.parametrize(("kind", "how"), SAMPLE, ids=itertools.starmap("{}-{}".format, SAMPLE))
def test_a_damaged_file_costs_one_line(runs, damage, undamaged, kind, how):
    """Lists, comparisons and checks show all else as before, and name the file."""
    damage(path_of(runs.study, kind), how)
    for verb in CHEAP_VERBS:
        check_verb(runs, verb, kind, how, undamaged(verb))


@pytest.mark.faults
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", DAMAGES)
def test_every_damage_of_every_file_in_every_verb(runs, damage, undamaged, kind, how):
    """As the sample, with all verbs that read; the report has a test of its own."""
    damage(path_of(runs.study, kind), how)
    for verb in VERBS:
        if verb != "report":
            check_verb(runs, verb, kind, how, undamaged(verb))


@pytest.mark.faults
@pytest.mark.parametrize("kind", NAMED_BY_REPORT)
@pytest.mark.parametrize("how", DAMAGES)
def test_every_damage_of_every_file_in_reports(runs, damage, undamaged, kind, how):
    """The report is written, and names the file, for every file that it reads."""
    damage(path_of(runs.study, kind), how)
    check_verb(runs, "report", kind, how, undamaged("report"))


def read_screens(runs: Runs) -> tuple[str, str]:
    """Return the healthy study as screens show it, and all problems that they name."""
    snapshot = read_whole(runs.path, f"cells/{RUN}")
    problems = [snapshot.problem, *(study.problem for study in snapshot.studies)]
    problems += [run.warning for study in snapshot.studies for run in study.runs]
    problems += [snapshot.view.problem] if snapshot.view else []
    loader = ComparisonLoader(runs.path)
    finished = loader.load()
    for entry in finished.entries:
        loader.curves_of(entry)
        for compute in (loader.differences_of, loader.subgroups_of):
            try:
                compute(entry, finished, None)
            except MedtuiError as error:
                problems.append(error.message)
    problems += [*finished.problems, *problems_of(finished.entries)]
    (healthy,) = (study for study in snapshot.studies if study.name == "healthy")
    shown = [(entry.key, entry.result) for entry in finished.entries if "healthy" in entry.key]
    return repr((healthy, shown)), "\n".join(problems)


@pytest.fixture(scope="module")
def shown_whole(originals: Runs) -> str:
    """Return the healthy study as screens show it where nothing is damaged."""
    shown, problems = read_screens(originals)
    assert not problems.strip()
    return shown


@pytest.mark.faults
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", DAMAGES)
def test_every_damage_of_every_file_on_screens(runs, damage, shown_whole, kind, how):
    """Home, Run and Compare show the healthy study as before, and name the file."""
    path = path_of(runs.study, kind)
    damage(path, how)
    after, problems = read_screens(runs)
    assert after == shown_whole
    if kind in NAMED_ON_SCREENS and (kind, how) not in UNREAD:
        assert str(path) in problems


@pytest.mark.faults
@pytest.mark.parametrize(("kind", "how"), SAMPLE, ids=itertools.starmap("{}-{}".format, SAMPLE))
async def test_the_application_goes_on(runs, damage, kind, how):
    """Home, the damaged run and every tab of Compare are drawn."""
    damage(path_of(runs.study, kind), how)
    async with opened(runs.path) as pilot:
        await until(pilot, lambda: "healthy" in screen_text(pilot))
        pilot.app.open_run(f"cells/{RUN}")
        await until(pilot, lambda: "Next run" in screen_text(pilot))
        assert controls_in(screen_text(pilot)) == set()
        await pilot.press("b")
        await until(pilot, lambda: "Studies" in screen_text(pilot))
        await pilot.press("c")
        await until(pilot, lambda: "marked" in screen_text(pilot))
        for tab in "12345678":
            await pilot.press(tab)
            await pilot.app.workers.wait_for_complete()
        assert controls_in(screen_text(pilot)) == set()
