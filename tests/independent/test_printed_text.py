"""The text of `runs list`, `show` and `compare`, of searches and uploads, without medtui."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t

from medtui.preset import parse_preset
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.result import read_result
from medtui.search.study import StudySearch
from medtui.tracking.content import measure_result
from tests.helpers.earlier_version import call_medtui
from tests.helpers.recomputed import printed, seeds
from tests.helpers.recomputed.answers import answers_of, pair
from tests.helpers.recomputed.class_calibration import reasons_of
from tests.helpers.recomputed.intervals import intervals_of
from tests.helpers.recomputed.metrics import metric
from tests.helpers.recomputed.run_files import SPLITS, RunFiles
from tests.helpers.recomputed.texts import Rows, aligned_tables, markdown_tables, percent, plain
from tests.helpers.seeded_study import record_seeds

STUDIES = ("cells2", "films3", "films", "cells")
DRAWN = ("cells2", "films3")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory) -> Path:
    """Return a study of three seeds whose predictions are drawn."""
    return record_seeds(tmp_path_factory.mktemp("seeds"), [0, 1, 2]).path


def printed_by(*arguments: str, study: Path) -> str:
    """Return what a command prints."""
    answer = call_medtui(*arguments, "--runs-dir", str(study.parent))
    assert answer.code == 0, answer.stderr
    return answer.stdout


def runs_of(study: Path) -> list[RunFiles]:
    """Return a study's runs in the order of tables."""
    lines = printed_by("runs", "compare", study.name, "--json", study=study).splitlines()
    return [RunFiles(study.parent / json.loads(line)["run"]) for line in lines]


def csv_rows(text: str) -> Rows:
    """Return comma-separated values without the apostrophes that keep cells from being formulas."""
    return [[cell.removeprefix("'") for cell in row] for row in csv.reader(io.StringIO(text))]


def only_table(text: str, num_rows: int) -> Rows:
    """Return the first table of a terminal's text, whose note stands below it."""
    return aligned_tables("\n".join(text.splitlines()[:num_rows]))[0]


@pytest.mark.parametrize("name", STUDIES)
def test_the_list_of_runs_is_recomputed(name, study_folder):
    """Densities, the primary metric on val and test, the cycle and the time; and of the study."""
    study = study_folder(name)
    (table,) = aligned_tables(printed_by("runs", "list", name, study=study))
    runs = runs_of(study)
    assert {row[0]: row for row in table[1:]} == {run.key: printed.listed(run) for run in runs}
    shown = aligned_tables(printed_by("runs", "show", name, study=study))[0]
    assert {row[0]: row for row in shown[1:]} == {run.name: printed.of_study(run) for run in runs}


@pytest.mark.parametrize("name", STUDIES)
def test_a_comparison_is_recomputed_as_text_csv_and_markdown(name, study_folder):
    """Cell by cell, with changes from the control and the reference, and verdicts."""
    study = study_folder(name)
    runs = runs_of(study)
    expected = printed.compared_rows(runs)
    found = printed_by("runs", "compare", name, study=study)
    assert only_table(found, len(expected)) == expected
    (of_markdown,) = markdown_tables(
        printed_by("runs", "compare", name, "--md", study=study)
    ).values()
    assert of_markdown == expected
    of_file = csv_rows(printed_by("runs", "compare", name, "--csv", study=study))
    assert of_file == printed.compared_rows(runs, is_file=True)


def test_groups_over_seeds_are_recomputed_as_text_csv_and_markdown(seeded):
    """Means with intervals over seeds and patients, paired changes, and the members below."""
    by_title = {
        "reference —": "reference", "control —": "control", "Prune 0.5": "prune-0.5",
        "Prune 0.1": "prune-0.1",
    }  # fmt: skip
    groups = {
        title: [run for run in runs_of(seeded) if re.fullmatch(rf"{name}(-[rs]\d)*", run.name)]
        for title, name in by_title.items()
    }
    assert {len(runs) for runs in groups.values()} == {3}
    command = ("runs", "compare", seeded.name, "--group", "scheme,density")
    expected = seeds.group_rows(groups)
    of_text = only_table(printed_by(*command, study=seeded), len(expected))
    assert of_text == [[row[0].strip(), *row[1:]] for row in expected]
    (of_markdown,) = markdown_tables(printed_by(*command, "--md", study=seeded)).values()
    assert of_markdown == of_text
    of_file = csv_rows(printed_by(*command, "--csv", study=seeded))
    assert of_file == seeds.group_rows(groups, is_file=True)


@pytest.mark.parametrize("key", ["cells2/prune-0.9", "films3/filterprune-0.9", "cells2/control"])
def test_the_text_of_a_run_is_recomputed(key, study_folder):
    """Metrics, classes, calibration, sizes, the verdict and what the patients can show."""
    name, _, run_name = key.partition("/")
    study = study_folder(name)
    run, text = RunFiles(study / run_name), printed_by("runs", "show", key, study=study)
    tables = {table[0][0]: table for table in aligned_tables(text)}
    for expected in (
        printed.metrics_of_run(run), printed.classes_of_run(run), printed.calibration_of_run(run),
        printed.curves_of_run(run),
    ):  # fmt: skip
        assert tables[expected[0][0]] == expected
    of_size = tables["size"]
    for row, expected in zip(of_size, printed.sizes_of_run(run), strict=False):
        assert row[:3] == expected
    for word, line in printed.facts_of_run(run).items():
        assert re.search(rf"^  {word} +{re.escape(line)}$", text, re.MULTILINE), (word, line)
    for reason, classes in reasons_of(answers_of(run, "test")).items():
        named = re.escape(f"slope and intercept of {', '.join(classes)}: {reason}")
        assert re.search(rf"^no interval on test of .*{named}$", text, re.MULTILINE), reason


def test_a_search_is_recomputed(seeded):
    """Each sample's metric on val, its error, the gain, the bound, and the sentence on the best."""
    text = (seeded / "preset.toml").read_text(encoding="utf-8")
    preset = parse_preset(
        f'{text}\n[search]\nscheme = "Prune"\neps = 0.05\nbudget = 4\nfinalists = 1\n', "test"
    )
    StudySearch(StudyFolder(seeded), preset, preset.search).next_cells()
    (search,) = json.loads((seeded / "search.json").read_text(encoding="utf-8"))["searches"]
    reference = RunFiles(seeded / "reference")
    dense = metric(answers_of(reference, "val"), "accuracy")
    assert search["reference"] == pytest.approx(dense)
    dense_bytes = reference.result["size"]["bytes_dense"]
    for sample in search["samples"]:
        run = RunFiles(seeded / sample["run"])
        change = changed_on_val(reference, run)
        assert sample["metric"] == pytest.approx(dense + change.values[0])
        assert sample["sigma"] == pytest.approx(normal_error(change))
        assert sample["gain"] == pytest.approx(dense_bytes / run.result["size"]["bytes_packed"])
    shown = plain(printed_by("runs", "show", seeded.name, study=seeded))
    bound = percent(dense - 0.05)
    chosen = [each for each in search["samples"] if each["run"] == search["chosen"]]
    if chosen:
        (best,) = chosen
        assert (
            f"Prune: density {best['density']:.3g} has {percent(best['metric'])} accuracy on val, "
            f"bound {bound}, size reduction {best['gain']:.3g}x"
        ) in shown
    else:
        assert f"{bound} accuracy on val" in shown


def changed_on_val(reference: RunFiles, run: RunFiles) -> seeds.OverSeeds:
    """Return the paired change of the accuracy on val, of one seed."""
    return seeds.over_seeds([pair(reference, run, "val")], "accuracy")


def normal_error(change: seeds.OverSeeds) -> float:
    """Return the error of the normal distribution whose 95 % interval is as wide."""
    (replicates,) = change.replicates
    error = np.sqrt((len(replicates) - 1) * replicates.var())
    return float(t.ppf(0.975, change.num_effective - 1) * error / 1.96)


@pytest.mark.parametrize("name", DRAWN)
def test_what_is_uploaded_of_a_result_is_recomputed(name, study_folder):
    """Metrics of both splits with their intervals, by the names that a tracker receives."""
    for run in runs_of(study_folder(name)):
        result = read_result(RunFolder(run.path))
        assert result is not None
        sent, expected = measure_result(result), {}
        for split in SPLITS:
            answers = answers_of(run, split)
            for each in run.result[split]["metrics"].keys() - {"loss"}:
                expected[f"result/{split}/{each}"] = metric(answers, each)
            for each, (low, high) in intervals_of(answers, **printed.drawn(run)).items():
                expected |= {f"result/{split}/{each}/low": low, f"result/{split}/{each}/high": high}
        size = printed.sizes(run)
        for each in ("num_parameters", "num_nonzero", "bytes_dense", "bytes_packed", "macs",
                     "num_weights_unreachable", "density_reachable"):  # fmt: skip
            expected[f"result/{each}"] = size[each]
        expected["result/density"] = printed.actual_density(run)
        rest = {key: each for key, each in sent.items() if key not in expected}
        assert rest.keys() == {"result/seconds", "result/val/loss", "result/test/loss"}
        assert {key: sent[key] for key in expected} == pytest.approx(expected, abs=1e-9)


def test_published_numbers_stand_beside_recomputed_ones(study_folder, tmp_path):
    """By run and by class; the sentence names the rule of the thresholds."""
    study = study_folder("films")
    copied = tmp_path / "films"
    shutil.copytree(study, copied)
    published = (
        '\n[published."prune-0.5"]\nmetric = "exact_match"\nvalue = 0.27\nsource = "table 3"\n'
        'class_metric = "auroc"\nclasses = { Mass = 0.81 }\n'
    )
    with (copied / "prune-0.5" / "preset.toml").open("a", encoding="utf-8") as preset:
        preset.write(published)
    report = tmp_path / "report.md"
    printed_by("report", "films", "-q", "-o", str(report), study=copied)
    tables = markdown_tables(report.read_text(encoding="utf-8"))
    run = RunFiles(study / "prune-0.5")
    answers = answers_of(run, "test")
    ours = percent(metric(answers, "exact_match"))
    assert tables["Published results"][1:] == [
        ["prune-0.5", "exact match", "27.0 %", ours, "table 3"]
    ]
    rows = {row[0]: row[1:] for row in tables["Published AUROC by class, beside test"][1:]}
    for index, each in enumerate(answers.classes):
        value = f"{metric(answers.one_class(index), 'auroc'):.3f}"
        assert rows[each] == [value, "0.810" if each == "Mass" else "—"]
