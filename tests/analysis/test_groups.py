"""Groups of runs that differ in seeds alone: who is in them, means, changes, intervals."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t

from medtui.analysis.columns import column_named
from medtui.analysis.group_statistics import GroupStatistics, change_text, group_statistics
from medtui.analysis.group_tables import groups_table
from medtui.analysis.groups import Group, group_runs
from medtui.analysis.run_record import RunRecord, read_run_records
from medtui.metrics import metric_named
from medtui.reporting.contents import gather
from medtui.reporting.sections import sections
from medtui.reporting.summary_text import summary
from medtui.runs.folder import StudyFolder
from tests.helpers.command_line import run_medtui
from tests.helpers.seeded_study import NUM_PATIENTS, record_seeds

ACCURACY = metric_named("accuracy")


@pytest.fixture(scope="module")
def runs_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Studies of three seeds, of two, of one, and of one with other settings."""
    folder = tmp_path_factory.mktemp("seeds")
    record_seeds(folder, [0, 1, 2], name="three")
    record_seeds(folder, [3, 4], name="two")
    record_seeds(folder, [5], name="one")
    record_seeds(folder, [6], name="longer", cycles=9)
    return folder


def read(runs_dir: Path, *names: str) -> list[RunRecord]:
    """Return the records of some studies."""
    return read_run_records([run for name in names for run in StudyFolder(runs_dir / name).runs()])[
        0
    ]


def labelled(entries: list[RunRecord], *keys: str) -> dict[str, Group]:
    """Return groups by label."""
    return {group.label: group for group in group_runs(entries, keys)}


def test_no_group_merges_densities_or_other_settings(runs_dir: Path) -> None:
    """Whatever the columns grouped by, members differ in seeds alone."""
    groups = labelled(read(runs_dir, "three"), "scheme")
    sizes = {label: len(group.members) for label, group in groups.items()}
    assert sizes == {"reference": 3, "control": 3, "Prune 0.5": 3, "Prune 0.1": 3}
    everything = labelled(read(runs_dir, "three", "longer"), "density")
    assert {label: len(group.members) for label, group in everything.items()} == {
        "— reference": 4, "— control lc.cycles=3": 3, "— control lc.cycles=9": 1,
        "0.5 lc.cycles=3": 3, "0.5 lc.cycles=9": 1, "0.1 lc.cycles=3": 3, "0.1 lc.cycles=9": 1,
    }  # fmt: skip


def test_studies_with_other_seeds_repeat_each_other(runs_dir: Path) -> None:
    """Two studies with equal settings are one group; the same seeds twice are not two draws."""
    entries = read(runs_dir, "three", "two")
    assert len(labelled(entries, "scheme")["Prune 0.1"].repetitions) == 5
    twice = [*entries, *read(runs_dir, "three")]
    sizes = {label: len(group.members) for label, group in labelled(twice, "scheme").items()}
    assert "Prune 0.1" not in sizes
    assert sizes["Prune 0.1 two"] == 2


def test_a_change_is_the_mean_of_those_from_the_controls_of_the_same_seeds(runs_dir: Path) -> None:
    """Recomputed by hand: the mean, both variances, and Satterthwaite's degrees of freedom."""
    entries = {entry.folder.name: entry for entry in read(runs_dir, "three")}
    group = labelled(list(entries.values()), "scheme")["Prune 0.1"]
    right_SP = np.stack(
        [_right(entries[f"prune-0.1{end}"]) - _right(entries[f"control{end}"])
         for end in ("", "-s1-r1", "-s2-r2")]
    )  # fmt: skip
    changes_S = right_SP.mean(axis=1)
    mean_P = right_SP.mean(axis=0)
    left_out_P = (mean_P.sum() - mean_P) / (NUM_PATIENTS - 1)
    of_patients = (NUM_PATIENTS - 1) / NUM_PATIENTS * ((left_out_P - left_out_P.mean()) ** 2).sum()
    of_seeds = changes_S.var(ddof=1) / 3
    degrees = (of_patients + of_seeds) ** 2 / (
        of_patients**2 / (NUM_PATIENTS - 1) + of_seeds**2 / 2
    )
    reach = t.ppf(0.975, degrees) * np.sqrt(of_patients + of_seeds)
    found = group_statistics(group)
    assert (found.num_seeds, found.num_patients) == (3, NUM_PATIENTS)
    assert found.changes is not None
    assert found.changes.baseline == "three/control, three/control-s1-r1, three/control-s2-r2"
    change = found.changes.by_metric["accuracy"]
    expected = changes_S.mean(), changes_S.mean() - reach, changes_S.mean() + reach
    assert (change.value, change.low, change.high) == pytest.approx(expected)
    assert found.changes.verdict(ACCURACY, 0.02).state == "worse"
    beside = found.changes.from_reference
    assert beside is not None
    assert beside.baseline == "three/reference, three/reference-s1, three/reference-s2"


def _right(entry: RunRecord) -> np.ndarray:
    """Return the share of right answers of each patient, all of whom have as many images."""
    test = entry.predictions.splits["test"]
    right_N = test.logits_NK.argmax(axis=1) == test.labels
    return right_N.reshape(NUM_PATIENTS, -1).mean(axis=1)


def test_two_seeds_have_a_mean_but_no_interval(runs_dir: Path) -> None:
    """One seed has the interval over patients of the run itself; the note says what is unknown."""
    two = labelled(read(runs_dir, "two"), "scheme")["Prune 0.1"]
    found = group_statistics(two)
    assert ("test", "accuracy") not in found.intervals
    assert change_text(ACCURACY, found.changes).endswith(" [seeds < 3]")
    assert found.changes is not None
    assert found.changes.verdict(ACCURACY, 0.02).text == "not shown, too few: 2 seeds"
    one = labelled(read(runs_dir, "one"), "scheme")
    alone = group_statistics(one["Prune 0.1"])
    assert alone.intervals["test", "accuracy"] == tuple(
        one["Prune 0.1"].members[0].result.test.intervals["accuracy"]
    )
    note = groups_table(list(one.values()), [column_named("accuracy")]).note
    assert "the spread over seeds is unknown" in note
    assert "needs 3 seeds" not in note
    assert "needs 3 seeds" in groups_table([two], [column_named("accuracy")]).note


def test_members_on_other_images_have_no_interval(runs_dir: Path, tmp_path: Path) -> None:
    """The reason stands below the table."""
    study = record_seeds(tmp_path, [0, 1, 2])
    run = study.run("prune-0.1-s1-r1")
    content = dict(np.load(run.predictions))
    content = {
        name: array[:-8] if name.startswith("test_") else array for name, array in content.items()
    }
    np.savez(run.predictions, **content)
    entries, _ = read_run_records(study.runs())
    group = labelled(entries, "scheme")["Prune 0.1"]
    assert group_statistics(group) == GroupStatistics(
        3, NUM_PATIENTS, {}, problem="The runs of the group were not measured on the same images."
    )
    assert "not measured on the same images" in groups_table([group], [column_named("auroc")]).note


def test_json_of_groups_has_both_changes(runs_dir: Path) -> None:
    """As those of single runs: `change` is from the references, `change_control` from controls."""
    told = run_medtui("runs", "compare", "three", "--group", "scheme", "--json",
                      "--runs-dir", str(runs_dir))  # fmt: skip
    rows = {row["group"]: row for row in map(json.loads, told.splitlines())}
    pruned = rows["Prune 0.1"]
    assert pruned["seeds"] == [[0, 0], [1, 1], [2, 2]]
    assert (pruned["num_seeds"], pruned["num_patients"]) == (3, NUM_PATIENTS)
    change = pruned["change_control"]["accuracy"]
    assert change["low"] < change["value"] < change["high"] < 0
    assert pruned["change"].keys() == pruned["change_control"].keys()
    low, high = pruned["intervals"]["test_accuracy"]
    assert low < high
    assert "change" not in rows["reference"]


def test_a_report_judges_and_chooses_settings_not_lucky_seeds(runs_dir: Path) -> None:
    """The smallest setting that holds on val by its interval over seeds, quoted on test."""
    (contents,) = gather([StudyFolder(runs_dir / "three")], lambda _: None)
    text = summary(contents)
    assert "There are 3 seeds of each" in text
    assert "of 2 compared settings" in text
    assert "None" not in text
    held = contents.val_verdicts
    assert {label: verdict.holds for label, verdict in held.items()
            if label.startswith("three Prune")} == {
        "three Prune 0.5": held["three Prune 0.5"].holds, "three Prune 0.1": False
    }  # fmt: skip
    tables = {part.title: part for section in sections(contents)
              for part in section.parts if hasattr(part, "rows")}  # fmt: skip
    rows = {row[0]: row for row in tables["Results over seeds"].rows}
    assert rows["Prune 0.1"][1:3] == ("3", str(NUM_PATIENTS))
    assert rows["Prune 0.1"][-1].startswith("worse")
    (single,) = gather([StudyFolder(runs_dir / "one")], lambda _: None)
    assert "All runs have one seed: the spread over seeds is unknown." in summary(single)
    titles = [getattr(part, "title", "") for section in sections(single) for part in section.parts]
    assert "Results over seeds" not in titles
