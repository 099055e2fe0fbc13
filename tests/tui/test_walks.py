"""First steps by the keys that the screens name: without Help, and in few keys."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from textual.pilot import Pilot

from medtui.preset import Preset
from medtui.tui.actions.study_actions import StudyActions
from tests.helpers.paths import RECORDED
from tests.helpers.tui_pilot import opened, screen_text, until

SIZES = [(80, 24), (120, 40)]


async def _walk(pilot: Pilot[None], steps: Sequence[tuple[str, str]]) -> None:
    """Press keys, each where the screen names it: with the words beside it."""
    for key, words in steps:
        await until(pilot, lambda words=words: words in screen_text(pilot))  # type: ignore[misc]
        await pilot.press(key)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the presets that were started; nothing runs."""
    names: list[str] = []

    def start(_: StudyActions, preset: Preset) -> str:
        names.append(preset.name)
        return preset.name

    monkeypatch.setattr(StudyActions, "start", start)
    return names


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    "steps",
    [
        [("d", "d  start the demo now")],
        [("n", "n  your own"), ("g", "g Start now"), ("g", "[g] Start and watch")],
        [("n", "n  your own"), ("enter", "⏎ Set up"), ("g", "g Next step"), ("g", "g Start")],
    ],
    ids=["demo", "as it is", "set up"],
)
async def test_from_an_empty_folder_to_a_study_in_at_most_four_keys(
    runs_dir: Path, started: list[str], steps: list[tuple[str, str]], size: tuple[int, int]
) -> None:
    """Setting it up takes one more to confirm, as each start that was not the demo's."""
    async with opened(runs_dir, size=size) as pilot:
        await _walk(pilot, steps)
        assert len(steps) <= 4
        if "Set up" in str(steps):
            await until(pilot, lambda: "[g] Start and watch" in screen_text(pilot))
        else:
            await until(pilot, lambda: started == ["demo"])


TO_RUNS = {80: [], 120: [("enter", "⏎ Open")]}
"""In a wide terminal the list of studies has the keys first."""


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_two_marked_runs_are_compared_in_at_most_six_keys(
    runs_dir: Path, size: tuple[int, int]
) -> None:
    """Mark, next, mark, compare: both with their changes, and with no other run."""
    shutil.copytree(RECORDED / "cells", runs_dir / "cells")
    steps = [*TO_RUNS[size[0]], ("down", "Runs"), ("space", "space Mark"), ("down", "▸"),
             ("space", "▸"), ("c", "c Compare")]  # fmt: skip
    assert len(steps) <= 6
    async with opened(runs_dir, size=size) as pilot:
        await _walk(pilot, steps)
        await until(pilot, lambda: "2 marked" in screen_text(pilot))
        await until(pilot, lambda: "Change of test accuracy, points" in screen_text(pilot))


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_run_is_compared_with_another_in_at_most_six_keys(
    runs_dir: Path, size: tuple[int, int]
) -> None:
    """Compare the study, and pin what the others are to be compared with."""
    shutil.copytree(RECORDED / "cells", runs_dir / "cells")
    async with opened(runs_dir, size=size) as pilot:
        await _walk(pilot, [("c", "c Compare"), ("p", "5 marked")])
        await until(pilot, lambda: "against Prune 0.1 seed" in screen_text(pilot))
