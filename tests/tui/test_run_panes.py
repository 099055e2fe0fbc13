"""What the panes of the Run screen say, as pure functions of a run's view."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from rich.text import Text

from medtui.analysis.columns import column_named
from medtui.analysis.verdicts import Verdict
from medtui.charts.figures.run import metric_plot
from medtui.charts.figures.run_charts import run_charts
from medtui.charts.figures.run_curves import curve_of, kept_cycle
from medtui.charts.palette import DARK
from medtui.charts.plot import Plot
from medtui.charts.render_cells import draw
from medtui.charts.style import ChartStyle, legend_of
from medtui.events import CycleEnded
from medtui.metrics import metric_named, primary_metric
from medtui.monitor.folder_reader import FolderReader
from medtui.monitor.run_view import RunView
from medtui.runs.folder import StudyFolder
from medtui.runs.result import SplitResult
from medtui.telemetry import GpuProcess, GpuSample, Sample
from medtui.tui.run.answer import Answer, MetricLine, answer_of
from medtui.tui.run.answer_facts import can_show, kept_text
from medtui.tui.run.answer_pane import (
    answer_sheet,
    digits_colour,
    hero_line,
    hero_words,
    verdict_look,
)
from medtui.tui.run.big_digits import big_digits
from medtui.tui.run.density_heat import brief_density, density_caption, density_sheet
from medtui.tui.run.details import compare_run, read_files
from medtui.tui.run.layout_rows import (
    BRIEF_ROWS,
    FINISHED_ROWS,
    brief_rows,
    hero_rows,
    patient_line,
)
from medtui.tui.run.machine import machine_sheet
from medtui.tui.run.outcome import (
    files_sheet,
    gains_text,
    patients_caption,
    patients_sheet,
    settings_sheet,
    size_sheet,
)
from medtui.tui.run.run_charts import RunCharts
from medtui.tui.run.sheet import Sheet, cut, fitting_parts, sparkline
from medtui.tui.widgets.choice_line import choice_line
from medtui.tui.widgets.progress_header import losses_of, result_lines
from medtui.units import GIB, MINUS, MISSING, TIMES
from tests.helpers.paths import RECORDED
from tests.helpers.recorded_runs import PRESET, RecordedStudy


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> RunView:
    """A run in its cycle 7 of 12, beside a finished control."""
    root = tmp_path_factory.mktemp("live")
    preset = PRESET.replace("cycles = 45", "cycles = 12").replace(
        "[compress]", "[compress]\ncontrol = true"
    )
    study = RecordedStudy(root, "malaria", preset=preset)
    study.reference()
    study.run("control", best=0.962)
    run = study.run("prune-0.1", cycles=7, end="")
    study.hold(study.folder, run)
    view = FolderReader(root).read("malaria/prune-0.1", refresh_all=True).view
    study.release()
    assert view is not None
    return view


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """A finished study with predictions, and without a control."""
    root = tmp_path_factory.mktemp("cells")
    shutil.copytree(RECORDED / "cells", root / "cells")
    return StudyFolder(root / "cells")


@pytest.fixture(scope="module")
def over(cells: StudyFolder) -> RunView:
    """A finished compression of these cells."""
    view = FolderReader(cells.path.parent).read("cells/prune-0.1", refresh_all=True).view
    assert view is not None
    return view


def test_big_digits_are_half_blocks_of_one_height() -> None:
    """Three rows; a sign is as wide as a digit."""
    lines = big_digits(f"{MINUS}0.1")
    assert lines == ("    █▀█   ▄█", "▀▀▀ █ █    █", "    ▀▀▀ ▀ ▀▀▀")


def test_the_live_answer_is_a_difference_on_val_without_a_verdict(live: RunView) -> None:
    """Val chose the model: neither green nor an interval, and test is not quoted."""
    answer = answer_of(live)
    assert (answer.split, answer.against) == ("val", "control")
    best = live.best
    assert best is not None
    wanted = best.val["accuracy"] - live.control["accuracy"]
    assert answer.primary.change == pytest.approx(wanted)
    assert not answer.primary.has_interval
    assert digits_colour(answer, DARK) == DARK.strong
    words, colour = verdict_look(answer, DARK)
    assert words.endswith("the margin so far")
    assert colour not in {DARK.good, DARK.bad}
    said = answer_sheet(live, answer, (50, 18), DARK).canvas().plain
    assert "interval when finished" in said
    assert "the verdict on test comes at the end" in said
    assert "points of val accuracy" in said


def test_what_is_kept_is_named_and_never_called_best(live: RunView) -> None:
    """The model with the lowest val loss is kept, whatever its accuracy."""
    assert live.best is not None
    loss = live.best.val["loss"]
    assert kept_text(live) == f"cycle {live.best.cycle}, lowest val loss {loss:.3f}"
    answer = answer_of(live)
    assert answer.primary.value == live.best.val["accuracy"]
    said = answer_sheet(live, answer, (50, 24), DARK).canvas().plain
    assert "kept so far" in said
    assert "best" not in said


def test_the_metric_s_key_goes_through_the_metrics_by_cycle(live: RunView) -> None:
    """Loss and the other charts are left out; after the last metric the first comes."""
    charts, seen = RunCharts(), list[str]()
    every = run_charts(live)
    for _ in range(sum(chart.metric is not None for chart in every)):
        assert charts.next_metric(live)
        seen.append(every[charts.number].name)
    assert seen[0] == "AUROC"
    assert seen[-1] == "acc"
    assert len(set(seen)) == len(seen)
    assert not {"loss", "lr", "step", "L-C"} & set(seen)


def test_the_band_is_the_margin_the_interval_of_test_or_none(
    live: RunView, over: RunView, cells: StudyFolder
) -> None:
    """A live run has no interval yet, and says so."""
    charts, chart = RunCharts(), run_charts(live)[0]
    assert charts.plot(chart, live, answer_of(live)).zones[0].label == "margin 2 points"
    charts.next_band()
    plot = charts.plot(chart, live, answer_of(live))
    assert plot.zones == ()
    assert "no interval yet" in legend_of(plot, ChartStyle(DARK)).plain
    charts.next_band()
    assert charts.plot(chart, live, answer_of(live)).zones == ()
    charts.next_band()
    assert charts.plot(chart, live, answer_of(live)).zones

    answer = answer_of(over, compare_run(cells.run("prune-0.1")))
    line = replace(answer.primary, value=0.9, change=0.01, low=-0.01, high=0.02)
    charts.next_band()
    plot = charts.plot(run_charts(over)[0], over, replace(answer, lines=(line,)))
    assert (plot.zones[0].low, plot.zones[0].high) == pytest.approx((88.0, 91.0))
    assert "95 % of test, paired" in legend_of(plot, ChartStyle(DARK)).plain


def test_without_a_control_yet_the_level_is_shown(live: RunView) -> None:
    """It says that the control is not measured; no difference is made up."""
    view = replace(live, control={}, row=replace(live.row, has_control=True))
    answer = answer_of(view)
    assert answer.primary.change is None
    assert (
        "the control is not measured yet"
        in answer_sheet(view, answer, (50, 18), DARK).canvas().plain
    )
    (value, _), (words, _) = hero_line(answer, DARK)
    assert value.endswith("% ")
    assert words.startswith("val accuracy")


def test_a_finished_run_whose_test_is_sealed_has_a_kept_model(live: RunView, over: RunView) -> None:
    """No later cycle can replace it; of a live run the model is kept so far."""
    sealed = msgspec.structs.replace(over.result, seal="sealed", test=SplitResult({}))
    for view, said in ((replace(over, result=sealed), "the kept model"), (live, "kept so far")):
        alone = replace(view, control={}, reference={})
        words = [text for text, _ in hero_words(answer_of(alone), DARK)]
        assert words[1] == said
        assert "val accuracy" in words[0]
    compared = replace(over, result=sealed, row=replace(over.row, has_control=False))
    assert compared.reference
    assert verdict_look(answer_of(compared), DARK)[0].endswith("the margin on val")


def test_every_recorded_metric_can_be_drawn(live: RunView) -> None:
    """Each has a chart with a short name; the first nine have a digit."""
    names = [chart.name for chart in run_charts(live)]
    assert names[:9] == ["acc", "loss", "AUROC", "sens", "spec", "F1", "L-C", "lr", "step"]
    assert "bal. acc" in names
    for chart in run_charts(live):
        assert not chart.make(live).is_empty, chart.name


def test_the_chart_has_the_control_its_margin_and_the_kept_cycle(live: RunView) -> None:
    """Measured points alone are read out: test has no value where it was not measured."""
    plot = metric_plot(live, metric=primary_metric("single"))
    roles = {level.role for level in plot.levels}
    assert roles == {"control", "reference"}
    (zone,) = plot.zones
    assert zone.high == pytest.approx(live.control["accuracy"] * 100)
    assert live.margin is not None
    assert zone.high - zone.low == pytest.approx(live.margin * 100)
    assert live.best is not None
    assert plot.series[0].kept == live.best.cycle
    assert plot.y_bounds == (0.0, 100.0)


def test_the_training_loss_of_a_finished_run_is_still_drawn(over: RunView) -> None:
    """Later stages do not drop it."""
    assert over.result is not None
    assert len(over.losses) > 1
    xs = [x for x, _ in over.losses]
    assert xs == sorted(xs)


def test_densities_are_digits_by_cycle_and_dead_layers_are_marked(live: RunView) -> None:
    """Tenths are readable without colours; cycles to come are dots."""
    rows = density_sheet(live, 60, DARK).canvas().plain.splitlines()
    assert rows[0].split() == ["cycle", *map(str, range(12))]
    assert len(rows) == 1 + len(live.densities)
    assert rows[1].split()[0] == "conv1"
    assert rows[1].split().count("·") == 12 - len(live.cycles)
    dead = [replace_cycle(each, ["conv1"]) for each in live.cycles]
    view = replace(live, cycles=tuple(dead), dead_layers=("conv1",))
    assert "✗" in density_sheet(view, 60, DARK).canvas().plain.splitlines()[1]
    assert density_caption(view) == ("Density by layer and cycle", "1 dead", True)
    narrow = density_sheet(live, 34, DARK).canvas().plain.splitlines()[0].split()
    assert narrow[1] == "0"
    assert str(live.cycles[-1].cycle) in narrow
    assert "lowest" in brief_density(live, 41, DARK).canvas().plain


def replace_cycle(cycle: CycleEnded, dead: list[str]) -> CycleEnded:
    """Return a cycle with collapsed layers."""
    densities = {**cycle.densities, **dict.fromkeys(dead, 0.0)}
    return msgspec.structs.replace(cycle, densities=densities, dead_layers=dead)


def test_layers_can_be_ordered_by_density(live: RunView) -> None:
    """The lowest is first then."""
    rows = density_sheet(live, 60, DARK, is_sorted=True).canvas().plain.splitlines()
    lowest = min(live.densities, key=lambda each: each[1])[0]
    assert rows[1].split()[0] == lowest


def said_of_gpus(view: RunView, *gpus: GpuSample, width: int = 44) -> list[str]:
    """Return the rows of the machine's pane."""
    sample = Sample(time=0.0, elapsed_s=0.0, gpus=list(gpus), process_cpu_percent=103.0)
    shown = replace(view, telemetry=replace(view.telemetry, latest=sample))
    return machine_sheet(shown, width, DARK).canvas().plain.splitlines()


def test_each_gpu_has_its_load_its_power_and_who_uses_it(live: RunView) -> None:
    """Two GPUs are not summed; limits, throttling and the processes of all users are said."""
    assert live.session is not None
    pid = live.session.pid
    gpu = GpuSample(
        0, name="NVIDIA H100", memory_used_bytes=14 * GIB, memory_total_bytes=80 * GIB,
        process_memory_bytes=12 * GIB, gpu_percent=71, power_w=240.0, power_limit_w=700.0,
        temperature_c=61, sm_clock_mhz=1755, max_sm_clock_mhz=1980, throttle_reasons=[],
        processes=[
            GpuProcess(pid, "me", "python", 12 * GIB, is_other_user=False),
            GpuProcess(8832, "anna", "python3", 2 * GIB, is_other_user=True),
        ],
    )  # fmt: skip
    busy = GpuSample(
        1, name="NVIDIA H100", gpu_percent=98, throttle_reasons=["power cap"],
        processes=[GpuProcess(7, memory_bytes=GIB), GpuProcess(8), GpuProcess(9), GpuProcess(10)],
    )  # fmt: skip
    rows = said_of_gpus(live, gpu, busy)
    said = [" ".join(row.split()) for row in rows]
    assert "61° · 1,755/1,980 MHz · throttle none" in said
    assert next(row for row in said if row.startswith("power")).endswith("240/700 W")
    assert f"\u203a {pid} you this run 12.0 GiB" in said
    assert "8832 anna python3 2.0 GiB" in said
    assert "7 ? 1.0 GiB" in said
    assert f"+1 more {MISSING}" in said
    assert "power cap" in said
    assert all(len(row) <= 44 for row in rows)


def test_what_lowers_the_clock_is_never_cut_in_a_word(live: RunView) -> None:
    """In a narrow pane the first stands with the number of the others; a lost GPU is said."""
    reasons = ["software thermal slowdown", "hardware thermal slowdown", "power cap"]
    slow = GpuSample(0, temperature_c=88, sm_clock_mhz=900, throttle_reasons=reasons)
    lost = GpuSample(1, missing={"gpu_percent": "GPU is lost"})
    rows = [row.strip() for row in said_of_gpus(live, slow, lost, width=35)]
    assert "software thermal slowdown +2" in rows
    assert "GPU is lost" in rows
    assert any(row.startswith("memory") and row.endswith(MISSING) for row in rows)


def test_a_gpu_without_a_list_of_processes_has_sums(live: RunView) -> None:
    """As in records of earlier versions: this run, and the others together."""
    gpu = GpuSample(0, memory_used_bytes=14 * GIB, memory_total_bytes=80 * GIB,
                    process_memory_bytes=12 * GIB, gpu_percent=71)  # fmt: skip
    said = "\n".join(said_of_gpus(live, gpu))
    for words in ("this run", "12.0 GiB", "other processes", "2.0 GiB"):
        assert words in said
    assert all(said.splitlines()[:4])  # no blank row where clocks were not recorded


def test_sparklines_have_a_fixed_scale() -> None:
    """Values from 97 to 99 % look like 97 to 99 %."""
    assert sparkline([0, 50, 97, 98, 99, None, 100]) == "▁▄███ █"
    assert sparkline([0, 100], is_ascii=True) == ".@"


def test_a_finished_run_is_compared_on_test_with_its_interval(
    cells: StudyFolder, over: RunView
) -> None:
    """The numbers are those of the paired analysis; the verdict has its colour."""
    found = compare_run(cells.run("prune-0.1"))
    assert found is not None
    assert found.differences is not None
    answer = answer_of(over, found)
    change = found.differences.by_metric["accuracy"]
    assert answer.primary.change == change.value
    assert answer.primary.has_interval == change.has_interval
    assert answer.verdict == found.differences.verdict(over.row.headline, over.margin)
    assert answer.against == "reference"
    said = patients_sheet(found, 40, DARK).canvas().plain.splitlines()
    assert len(said) == 1 + len(found.patients)
    assert found.patients[0].patient[:10] in said[1]
    brief = brief_rows(over, answer, found, 80, DARK, rows=BRIEF_ROWS, is_ascii=False)
    assert brief.height <= FINISHED_ROWS
    assert "· too few" in hero_rows(answer, 79, DARK, rows=3, is_ascii=False).plain
    assert patients_caption(found) == "2 fell, 4 rose · 18 answers lost, 31 won"


def test_sizes_and_files_of_a_finished_run(cells: StudyFolder, over: RunView) -> None:
    """Factors are by how much it is smaller; what was not measured is a dash."""
    found = compare_run(cells.run("prune-0.1"))
    said = size_sheet(over, found, 44, DARK).canvas().plain
    assert over.result is not None
    size = over.result.size
    assert f"{size.bytes_dense / size.bytes_packed:.1f}\N{MULTIPLICATION SIGN}" in said
    assert "latency, ms" in said
    files = read_files(cells.run("prune-0.1"))
    assert "predictions.npz" in files_sheet(files, over, 40, DARK).canvas().plain
    settings = settings_sheet(files, 60, DARK).canvas().plain
    assert "[lc]" in settings
    assert "provenance.json" in settings


def test_the_end_of_the_worker_s_output_has_no_control_characters(tmp_path: Path) -> None:
    """Whatever a worker prints cannot reach the terminal."""
    run = StudyFolder(tmp_path).run("prune")
    run.path.mkdir()
    run.worker_log.write_bytes(b"x" * 70_000 + b"\nTraceback\n\x1b]0;title\x07 end\n")
    log = read_files(run).worker_log
    assert log[0] == "Traceback"
    assert "\x1b" not in log[1]


def current(name: str) -> str:
    """Return a name as the current choice."""
    return f"\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}{name}\u203a"


def test_charts_are_named_in_the_title_and_can_be_hit() -> None:
    """The current one is in brackets; what does not fit is left out around it."""
    names = ["acc", "loss", "AUROC", "sens"]
    line = choice_line("Accuracy, %", names, 1, 50, DARK, is_numbered=True, rule="─",
                       rule_colour="")  # fmt: skip
    text = line.text.plain
    assert text.endswith(f"1 acc {current('2 loss')} 3 AUROC 4 sens")
    assert len(text) == 50
    assert line.choice_at(text.index("AUROC")) == 2
    assert line.choice_at(3) is None
    short = choice_line("Accuracy, %", names, 3, 24, DARK, is_numbered=True, rule="─",
                        rule_colour="").text  # fmt: skip
    assert isinstance(short, Text)
    assert current("4 sens") in short.plain
    assert len(short.plain) <= 24


def test_in_ascii_the_number_is_plain(live: RunView) -> None:
    """Half blocks have no likeness there."""
    drawn = hero_rows(answer_of(live), 79, DARK, rows=3, is_ascii=True).plain
    assert "█" not in drawn
    assert answer_of(live).primary.show_change(answer_of(live).primary.change) in drawn


def test_a_run_is_smaller_by_what_compare_says(cells: StudyFolder, over: RunView) -> None:
    """Against the reference's dense file: its own is half as large in half precision."""
    found = compare_run(cells.run("prune-0.1"))
    assert found is not None
    assert found.smaller == column_named("smaller").number(found.entry)
    half = replace(found, smaller=12.1)
    assert gains_text(answer_of(over, half)) == f"sparse file 12{TIMES} smaller"
    assert gains_text(answer_of(over)) == ""


def test_a_model_that_was_fine_tuned_after_its_cycle_is_told(over: RunView) -> None:
    """Its values are not those of the curve at the kept cycle."""
    assert over.result is not None
    cycle = kept_cycle(over)
    metrics = next(each.val for each in over.cycles if each.cycle == cycle)
    same = msgspec.structs.replace(over.result.val, metrics=metrics)
    tuned = msgspec.structs.replace(over.result.val, metrics={**metrics, "accuracy": 0.987})

    def drawn(split: SplitResult) -> Plot:
        view = replace(over, result=msgspec.structs.replace(over.result, val=split))
        return metric_plot(view, metric=view.row.headline)

    assert drawn(same).remark == f"★ kept cycle {cycle}"
    assert drawn(same).x_names == ()
    plot = drawn(tuned)
    assert plot.remark == f"★ kept cycle {cycle}"
    ((place, name),) = plot.x_names
    assert (place, name) == (plot.x_limits[1], "fine-tuned")
    val, test = plot.series
    assert val.points[-1] == (place, pytest.approx(98.7))
    result = over.result.test.metrics["accuracy"]
    assert test.points[-1] == (place, pytest.approx(100 * result))
    assert val.points[-2][1] is None  # no line leads from the cycles to what was tuned
    shown = draw(plot, 60, 16, ChartStyle(DARK)).plain.splitlines()
    assert shown[-1].rstrip().endswith("fine-tuned")
    legend = legend_of(plot, ChartStyle(DARK)).plain
    assert f"test {100 * result:.1f}" in legend


def test_test_of_the_kept_model_is_the_answer_s(over: RunView) -> None:
    """Where nothing was tuned, the curve has the number of the result at the kept cycle."""
    assert over.result is not None
    cycle = kept_cycle(over)
    metrics = next(each.val for each in over.cycles if each.cycle == cycle)
    same = msgspec.structs.replace(over.result.val, metrics=metrics)
    cycles = tuple(msgspec.structs.replace(each, test={}) for each in over.cycles)
    result = msgspec.structs.replace(over.result, val=same)
    view = replace(over, cycles=cycles, result=result)
    _, test = metric_plot(view, metric=view.row.headline).series
    accuracy = over.result.test.metrics["accuracy"]
    assert test.points == ((float(cycle or 0), pytest.approx(100 * accuracy)),)


def test_two_measurements_far_apart_are_not_joined(live: RunView) -> None:
    """A line through cycles that were not measured would be a guess."""
    assert len(live.cycles) > 3
    first, last = live.cycles[0], live.cycles[-1]
    cycles = tuple(
        msgspec.structs.replace(each, test=each.val if each in (first, last) else {})
        for each in live.cycles
    )
    first, last = (each for each in cycles if each.test)
    view = replace(live, cycles=cycles)
    points = curve_of(view, "test", lambda metrics: metrics.get("accuracy"))
    assert points[0] == (first.cycle, first.test["accuracy"])
    assert points[1][1] is None
    assert points[2] == (last.cycle, last.test["accuracy"])
    whole = curve_of(view, "val", lambda metrics: metrics.get("accuracy"))
    assert None not in [y for _, y in whole]


@pytest.mark.parametrize("name", ["prune-0.1", "reference", "control"])
def test_val_and_test_have_other_colours_and_marks(live: RunView, name: str) -> None:
    """Whatever the run's own colour is; their letters alone do not tell them apart."""
    row = replace(live.row, name=name)
    cycles = tuple(msgspec.structs.replace(each, test=each.val) for each in live.cycles)
    val, test = metric_plot(replace(live, row=row, cycles=cycles), metric=row.headline).series
    assert DARK.of(val.tint if val.tint is not None else 0) != DARK.of(
        test.tint if test.tint is not None else 0
    )
    assert val.mark != test.mark


def answer_with_val(over: RunView, cells: StudyFolder, low: float) -> Answer:
    """Return an answer whose change on val has a lower end."""
    found = compare_run(cells.run("prune-0.1"))
    answer = answer_of(over, found)
    line = replace(answer.primary, label="on val: acc %", change=-0.003, low=low, high=0.018)
    verdict = Verdict("not shown") if low < -0.02 else Verdict("non-inferior", holds=True)
    return replace(answer, on_val=line, val_verdict=verdict)


def test_the_change_on_val_is_computed_for_a_finished_run(
    cells: StudyFolder, over: RunView
) -> None:
    """It is that by which reports choose a run."""
    found = compare_run(cells.run("prune-0.1"))
    assert found is not None
    assert found.differences is not None
    assert found.differences.on_val is not None
    answer = answer_of(over, found)
    assert answer.on_val is not None
    assert answer.on_val.change == found.differences.on_val.by_metric["accuracy"].value
    assert answer.val_verdict is not None


def test_text_that_has_no_room_in_a_pane_ends_in_an_ellipsis() -> None:
    """A name that is cut without a sign reads as another one."""
    sheet = Sheet(12, DARK)
    sheet.row()
    sheet.put(1, "filterprune-0.1")
    sheet.row()
    sheet.put(1, "model.json")
    assert sheet.canvas().plain.splitlines() == [" filterprun…", " model.json"]
    assert [cut("abcdef", room) for room in (6, 3, 0)] == ["abcdef", "ab…", ""]


def test_the_change_on_val_stands_with_the_answer(cells: StudyFolder, over: RunView) -> None:
    """In the header, below the metrics on test, and in a small terminal beside the verdict."""
    said = f"{MINUS}0.3 [{MINUS}2.4, +1.8]"
    answer = answer_with_val(over, cells, -0.024)
    hero = hero_rows(answer, 79, DARK, rows=3, is_ascii=False).plain
    assert "· too few, val: not shown" in hero
    rows = answer_sheet(over, answer, (50, 24), DARK).canvas().plain.splitlines()
    (at,) = (at for at, row in enumerate(rows) if row.strip().startswith("on val: acc %"))
    assert rows[at].endswith(said)
    of_test = [row.strip() for row in rows[:at] if "F1" in row or "specificity" in row]
    assert len(of_test) == 2, "no row of test stands below that of val"
    assert any(row.strip().startswith("on test") for row in rows[:at])
    brief = brief_rows(over, answer, None, 80, DARK, rows=BRIEF_ROWS, is_ascii=False)
    assert said in brief.plain
    assert brief.height <= FINISHED_ROWS
    lines = [line.plain for line in result_lines(over, answer, 116, DARK)]
    assert f"On val, which chooses: {said} points" in lines[1]
    assert "a loss of 2 points is not excluded" in lines[1]
    held = result_lines(over, answer_with_val(over, cells, -0.011), 116, DARK)
    assert "a loss of 2 points is excluded" in held[1].plain


def test_a_loss_beside_the_primary_metric_is_said(cells: StudyFolder, over: RunView) -> None:
    """Non-inferior accuracy may hide a specificity that fell."""
    answer = answer_of(over, compare_run(cells.run("prune-0.1")))
    metric = metric_named("specificity")
    fallen = MetricLine("specificity %", metric, 0.97, 0.99, -0.012, -0.022, -0.001)
    said = f"specificity fell on test: {MINUS}1.2 [{MINUS}2.2, {MINUS}0.1] points"
    assert losses_of(replace(answer, lines=(answer.primary, fallen))) == [said]
    risen = replace(fallen, change=0.01, high=0.02)
    assert losses_of(replace(answer, lines=(answer.primary, risen))) == []


def test_no_number_beside_the_digits_is_cut_off(over: RunView) -> None:
    """What does not fit is left out: a cut number reads as another one."""
    drawn = hero_rows(answer_of(over), 79, DARK, rows=3, is_ascii=False).plain
    assert re.search(r"ref\. \d+\.( |$)", drawn, re.MULTILINE) is None


def test_warnings_of_a_result_are_in_the_pane_before_blank_rows_and_metrics(over: RunView) -> None:
    """What has to be known first is not below the edge of the pane."""
    assert over.result is not None
    warned = replace(over, result=msgspec.structs.replace(over.result, warnings=["w " * 40]))
    answer = answer_of(over)
    for height in (17, 18, 20, 24):
        rows = answer_sheet(warned, answer, (50, height), DARK).canvas().plain.splitlines()
        assert len(rows) <= height, rows
        assert "⚠ w" in "".join(rows)


def test_captions_lose_whole_parts() -> None:
    """A number is never cut."""
    assert fitting_parts("5 fell · 3 equal · 164 answers lost", 30) == "5 fell · 3 equal"
    assert fitting_parts("5 fell · 3 equal", 16) == "5 fell · 3 equal"


def test_long_names_of_patients_keep_their_ends():
    """Pseudonyms differ at the end; a dash in a name is no minus sign."""
    assert patient_line("C39P4", -0.053) == "C39P4     \N{MINUS SIGN}5.3"
    assert patient_line("patient-0012", -0.04) == "…ent-0012 \N{MINUS SIGN}4.0"


@pytest.mark.parametrize(("patients", "who"), [(29, "with 29 patients"), (0, "by images alone")])
def test_what_can_be_shown_counts_no_unknown_patients(patients: int, who: str) -> None:
    """Where patients are unknown the margin rests on images, not on `0 patients`."""
    line = MetricLine("accuracy", primary_metric("single"), 0.9, 0.9, 0.0)
    answer = Answer("test", (line,), "control", num_patients=patients, detectable=0.0124)
    assert can_show(answer) == [("can show", "a margin of 1.2", who)]
