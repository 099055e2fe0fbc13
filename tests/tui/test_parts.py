"""The parts screens are made of."""

import math
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest
from textual.app import ComposeResult
from textual.widgets import Static

from medtui.charts.figures.run import metric_plot
from medtui.charts.figures.run_telemetry import memory_plot
from medtui.charts.palette import DARK
from medtui.events import CycleEnded
from medtui.monitor import telemetry_curves
from medtui.monitor.folder_reader import FolderReader
from medtui.monitor.telemetry_curves import TelemetryCurveReader
from medtui.runs.log.writer import EventWriter
from medtui.runs.result import read_result, write_result
from medtui.telemetry import Sample
from medtui.tui.ascii import needs_ascii, to_ascii
from medtui.tui.screens.help import HelpScreen
from medtui.tui.screens.layers import LayeredScreen
from medtui.tui.status_text import age_of
from medtui.tui.terminal import title_sequence
from medtui.tui.widgets.key_bar import MOST, MOST_BROAD, BarKey, KeyBar, fit_keys
from medtui.tui.widgets.progress_bar import bar
from medtui.tui.widgets.progress_header import warnings_of
from medtui.tui.widgets.study_list import RUN_COLUMNS, STUDY_COLUMNS
from medtui.tui.widgets.table import Column, fit_columns
from tests.helpers.recorded_runs import PRESET, RecordedStudy
from tests.helpers.tui_pilot import opened, screen_text, until


def test_the_application_loads_no_torch() -> None:
    """Torch costs seconds; plotext, numpy and the models of presets wait until they are needed."""
    code = "import sys, medtui.tui.app; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    late = {"torch", "torchvision", "condensa", "comet_ml", "plotext", "numpy"}
    late |= {"pydantic", "tomlkit", "sklearn", "scipy", "medtui.preset"}
    assert not late & set(loaded)


@pytest.mark.parametrize("columns", [STUDY_COLUMNS, RUN_COLUMNS])
@pytest.mark.parametrize("room", [40, 55, 75, 115, 195])
def test_columns_fill_the_room_and_the_important_ones_stay(
    columns: tuple[Column, ...], room: int
) -> None:
    """The name, the state and the metric are there at every width."""
    fitted = fit_columns(columns, room)
    assert sum(width + 2 for _, width in fitted) <= max(room, 45)
    assert all(column.rank > 0 for column in columns if column not in [each for each, _ in fitted])


def test_a_bar_shows_progress_without_colour() -> None:
    """Heavy is done, light is not; neither end is claimed before it is reached."""
    assert bar(0, 10, DARK).plain == "─" * 10
    assert bar(0.001, 10, DARK).plain == "━" + "─" * 9
    assert bar(0.999, 10, DARK).plain == "━" * 9 + "─"
    assert bar(1, 10, DARK).plain == "━" * 10


def test_a_finished_run_is_judged_by_the_model_it_kept(runs_dir: Path) -> None:
    """Fine-tuning comes after the cycles: val is the result's, as test is."""
    study = RecordedStudy(runs_dir, "tuned")
    study.reference()
    run = study.run("prune-0.1")
    result = read_result(run)
    assert result is not None
    tuned = msgspec.structs.replace(result.val, metrics=result.val.metrics | {"accuracy": 0.99})
    write_result(run, msgspec.structs.replace(result, val=tuned))
    row = FolderReader(runs_dir).read("", refresh_all=True).studies[0]
    assert next(each.val for each in row.runs if each.name == "prune-0.1") == 0.99


def test_a_reference_that_was_loaded_is_what_others_are_held_against(runs_dir: Path) -> None:
    """It has a result and no epochs, and says where its weights are from."""
    preset = PRESET.replace("[reference]", '[model]\nweights = "dense.safetensors"\n[reference]')
    study = RecordedStudy(runs_dir, "given", preset=preset)
    reference = study.reference()
    with reference.events.open("rb+") as events:
        events.truncate(len(events.readline()))
    study.run("prune-0.1")
    reading = FolderReader(runs_dir).read("given/prune-0.1", refresh_all=True)
    row = next(row for row in reading.studies[0].runs if row.name == "prune-0.1")
    result = read_result(reference)
    assert result is not None
    assert row.val is not None
    assert row.difference == pytest.approx(row.val - result.val.metrics["accuracy"])
    assert reading.view is not None
    assert reading.view.reference == result.val.metrics
    told = FolderReader(runs_dir).read("given/reference", refresh_all=True).view
    assert told is not None
    assert "dense, weights of dense.safetensors" in told.what
    drawn = metric_plot(told, metric=told.row.headline)
    assert drawn.is_empty
    assert drawn.empty == "no epoch was recorded"


def test_a_probe_is_never_a_studys_best(runs_dir: Path) -> None:
    """A cheap sample says where to search, not what a scheme comes to."""
    study = RecordedStudy(runs_dir, "sought")
    study.reference()
    for name, accuracy in (("prune-0.1", 0.9), ("prune-0.5", 0.99)):
        run = study.run(name)
        result = read_result(run)
        assert result is not None
        val = msgspec.structs.replace(
            result.val, metrics=result.val.metrics | {"accuracy": accuracy}
        )
        write_result(run, msgspec.structs.replace(result, val=val))
    run.path.rename(run.path.with_name("prune-0.5-probe"))
    row = FolderReader(runs_dir).read("", refresh_all=True).studies[0]
    assert row.best is not None
    assert row.best.name == "prune-0.1"


def test_the_machine_being_busy_is_said(runs_dir: Path) -> None:
    """A live run that gets a third of its core is not slow by itself."""
    study = RecordedStudy(runs_dir, "busy", gpu=False)
    run = study.reference(epochs=5)
    study.hold(study.folder, run)
    lines = [msgspec.json.encode(Sample(time=at, elapsed_s=at, process_cpu_percent=33.0))
             for at in range(90)]  # fmt: skip
    run.telemetry.write_bytes(b"\n".join(lines) + b"\n")
    view = FolderReader(runs_dir).read("busy/reference", refresh_all=True).view
    assert view is not None
    assert "33 % of 100 % CPU" in " ".join(each.plain for each in warnings_of(view, DARK))
    study.release()


def test_a_val_loss_that_is_no_number_is_said_while_the_run_lives(runs_dir: Path) -> None:
    """The log holds null for it; such a theta is never kept."""
    study = RecordedStudy(runs_dir, "nan")
    run = study.run("prune-0.1", cycles=3, end="")
    with EventWriter(run.events) as writer:
        writer.write(CycleEnded(3, val={"loss": math.nan, "accuracy": 0.5}))
    view = FolderReader(runs_dir).read("nan/prune-0.1", refresh_all=True).view
    assert view is not None
    said = " ".join(each.plain for each in warnings_of(view, DARK))
    assert "val loss is not finite (NaN) in cycle 3" in said


def test_memory_is_drawn_from_nothing_to_the_total(runs_dir: Path) -> None:
    """What is free is the room above the curve; the total stands beside the unit."""
    study = RecordedStudy(runs_dir, "memory")
    study.run("prune-0.1", cycles=3, end="")
    view = FolderReader(runs_dir).read("memory/prune-0.1", refresh_all=True).view
    assert view is not None
    plot = memory_plot(view)
    assert plot.title == "GPU memory, GiB of 139.8"
    assert [series.label for series in plot.series] == ["used"]
    assert plot.y_limits == (0, pytest.approx(139.8))


def test_the_key_that_goes_on_and_the_way_back_stay_at_80_columns() -> None:
    """In the place that the screen gives them; of the others, the first ones stay."""
    labels = [("tab", "Field"), ("C", "Check images"), ("w", "Write card"), ("pgdn", "More"),
              ("g", "Go on"), ("b", "Back"), ("?", "Help"), ("q", "Quit")]  # fmt: skip
    keys = [BarKey(name, label, name, is_kept=name in "gb?q") for name, label in labels]
    shown = [key.display for key in fit_keys(keys, 60)]
    assert shown == ["tab", "C", "g", "b", "?", "q"]


def test_help_and_quit_stay_where_keys_are_left_out() -> None:
    """What explains the rest is never cut off."""
    keys = [
        BarKey(name, "a long word", name, is_kept=name in {"?", "q"})
        for name in ("n", "?", "s", "q")
    ]
    assert [key.display for key in fit_keys(keys, 50)] == ["n", "?", "q"]
    assert [key.display for key in fit_keys(keys, 10)] == ["?", "q"]
    many = [BarKey(str(number), "a", str(number)) for number in range(20)]
    assert [len(fit_keys([*many, *keys], width)) for width in (120, 500)] == [MOST, MOST_BROAD]


def test_a_title_carries_no_control_codes() -> None:
    """A study's name cannot write to the terminal."""
    assert title_sequence("a\x1b]2;b\x07") == "\x1b]2;a\\u001b]2;b\\u0007\x07"


def test_ascii_keeps_the_width() -> None:
    """Every character becomes one character."""
    text = "╭─ ● running ▸ 95.7 % ⣀⠤ 日 \u00d72 \u22120.1"
    assert len(to_ascii(text)) == len(text)
    assert to_ascii(text).isascii()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "now"), (300, "5 min"), (7200, "2 h"), (3 * 86400, "3 d"), (-50, "now")],
)
def test_ages_are_said_by_their_largest_unit(seconds: float, said: str) -> None:
    """A clock that jumped back makes nothing negative."""
    assert age_of(1000.0, 1000.0 + seconds) == said


def test_telemetry_pauses_are_left_out_and_clocks_may_jump(tmp_path: Path) -> None:
    """The curve breaks at a pause and goes on; time never runs backwards."""
    path = tmp_path / "telemetry.jsonl"
    times = [0, 1, 2, 5000, 5001, 100, 101]
    samples = [Sample(time=t, elapsed_s=0, process_cpu_percent=50.0) for t in times]
    path.write_bytes(b"".join(msgspec.json.encode(sample) + b"\n" for sample in samples))
    feed = TelemetryCurveReader(path)
    feed.refresh()
    points = feed.curves().utilisation
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert sum(y is None for _, y in points) == 2
    assert points[-1][0] < 1


def test_long_telemetry_stays_small(tmp_path: Path) -> None:
    """A day at one a second is thinned; a peak of memory survives."""
    path = tmp_path / "telemetry.jsonl"
    line = msgspec.json.encode(Sample(time=0, elapsed_s=0, process_memory_bytes=2**30))
    samples = [
        line.replace(b'"time":0', b'"time":%d' % t) if t != 777
        else line.replace(b'"time":0', b'"time":777').replace(b"1073741824", b"9663676416")
        for t in range(30_000)
    ]  # fmt: skip
    path.write_bytes(b"\n".join(samples) + b"\n")
    feed = TelemetryCurveReader(path)
    feed.refresh()
    points = feed.curves().memory_used
    assert len(points) <= telemetry_curves.MAX_POINTS
    assert max(y for _, y in points if y is not None) == pytest.approx(9.0)


def test_a_snapshot_predicts_the_time_left_by_the_studys_own_runs(runs_dir: Path) -> None:
    """Two finished runs and a live one predict the eight that wait."""
    study = RecordedStudy(runs_dir, "malaria")
    study.reference()
    study.run("prune-0.5")
    live = study.run("prune-0.1", cycles=30, end="")
    study.hold(study.folder, live)
    row = FolderReader(runs_dir).read("", refresh_all=True).studies[0]
    finished = next(run for run in row.runs if run.name == "prune-0.5")
    assert finished.seconds is not None
    assert row.seconds_left == pytest.approx(8 * finished.seconds, rel=0.2)
    study.release()


def test_a_snapshot_of_what_did_not_change_is_equal(runs_dir: Path) -> None:
    """Equal snapshots are what spares the screen its redraws."""
    study = RecordedStudy(runs_dir, "malaria")
    study.reference()
    reader = FolderReader(runs_dir)
    first = reader.read("malaria/reference", refresh_all=True)
    assert reader.read("malaria/reference", refresh_all=True) == first


@pytest.mark.parametrize(
    ("environment", "is_ascii"),
    [
        ({}, False),
        ({"LANG": "en_GB.UTF-8", "TERM": "xterm-256color"}, False),
        ({"LC_CTYPE": "C.UTF-8"}, False),
        ({"LC_ALL": "C", "LANG": "en_GB.UTF-8"}, True),
        ({"LANG": "de_DE"}, True),
        ({"LANG": "de_DE.utf8", "TERM": "linux"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"TERM": "vt100"}, True),
    ],
)
def test_ascii_is_chosen_by_the_locale(environment: dict[str, str], is_ascii: bool) -> None:
    """Also by the terminal's name; without a locale the terminal is taken for one of UTF-8."""
    assert needs_ascii(environment) == is_ascii


async def test_the_footer_shows_what_can_be_done_and_says_why_a_key_cannot(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """Stop is there for a study that runs, resume for one that was stopped."""
    async with opened(runs_dir, size=(120, 40)) as pilot:
        await until(pilot, lambda: "s Stop" in screen_text(pilot).splitlines()[-1])
        await pilot.press("down", "down", "down")
        await until(pilot, lambda: "s Stop" not in screen_text(pilot).splitlines()[-1])
        await pilot.press("s")
        await until(pilot, lambda: "Nothing to stop" in screen_text(pilot).splitlines()[-1])
        await until(pilot, lambda: "? Help  q Quit" in screen_text(pilot).splitlines()[-1])
        await pilot.press("slash")
        await until(pilot, lambda: "F1 Help" in screen_text(pilot).splitlines()[-1])
        assert "q Quit" not in screen_text(pilot).splitlines()[-1]


async def test_a_click_on_a_key_of_the_footer_presses_it(runs_dir: Path) -> None:
    """The mouse is never needed, and works."""
    async with opened(runs_dir, size=(120, 40)) as pilot:
        await until(pilot, lambda: "? Help" in screen_text(pilot).splitlines()[-1])
        at = screen_text(pilot).splitlines()[-1].index("? Help")
        await pilot.click(KeyBar, offset=(at + 2, 0))
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))


class _Shy(LayeredScreen[None]):
    """Notes the classes that it has when its part is drawn."""

    HORIZONTAL_BREAKPOINTS: ClassVar = [(0, "-narrow"), (100, "-wide")]

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[bool] = []

    def compose(self) -> ComposeResult:
        part = Static()
        part.render = lambda: self.drawn.append(self.has_class("-narrow")) or ""
        yield part


async def test_the_first_frame_has_the_layout_of_the_terminal(runs_dir: Path) -> None:
    """Without a jump from another one."""
    async with opened(runs_dir, size=(80, 24)) as pilot:
        screen = _Shy()
        await pilot.app.push_screen(screen)
        await until(pilot, lambda: bool(screen.drawn))
        assert all(screen.drawn)


async def test_one_pane_has_the_heavy_frame(runs_dir: Path, showcase: list[RecordedStudy]) -> None:
    """Without colours it is seen on every screen which pane takes the keys; Tab moves it."""
    async with opened(runs_dir, size=(120, 40)) as pilot:
        seen = dict[str, set[tuple[int, int]]]()
        for key, num_tabs in (("", 2), ("c", 3), ("b", 0), ("n", 0), ("enter", 2), ("g", 2)):
            before = pilot.app.screen
            if key:
                await pilot.press(key)
                await until(pilot, lambda before=before: pilot.app.screen is not before)
            name = type(pilot.app.screen).__name__
            if name == "DataScreen":  # no pane has the keys before Tab goes to the first field
                await pilot.press("tab")
            for _ in range(num_tabs + 1):
                await until(pilot, lambda: screen_text(pilot).count("┏") == 1)
                lines = screen_text(pilot).splitlines()
                row = next(at for at, line in enumerate(lines) if "┏" in line)
                seen.setdefault(name, set()).add((row, lines[row].index("┏")))
                await pilot.press(*["tab"] * bool(num_tabs))
        assert set(seen) == {
            "HomeScreen", "CompareScreen", "NewStudyScreen", "DataScreen", "CompressScreen",
        }  # fmt: skip
        assert len(seen["HomeScreen"]) > 1
        assert len(seen["CompareScreen"]) > 1
