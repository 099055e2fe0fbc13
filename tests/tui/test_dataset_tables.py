"""Tables of the report on a data set."""

from rich.console import Console

from medtui.charts.palette import DARK
from medtui.protocol.dataset import DataReport, SplitCount
from medtui.protocol.preflight import SplitPower
from medtui.tui.editor.dataset_tables import classes_table, histogram, patients_text, splits_table


def report_of(task: str) -> DataReport:
    """Return the report of 10 images, of which 6 have `a` and 8 have `b`."""
    counts, patients = {"a": 6, "b": 8}, {"a": 2, "b": 3}
    return DataReport(
        classes=["a", "b"],
        class_weights={"a": 1.25, "b": 0.75},
        task=task,
        has_patients=True,
        positive_class=None if task == "multi" else "b",
        splits=[SplitCount("train", 10, 3, counts, patients)],
        images_by_patient=[2, 3, 5],
        power=SplitPower("accuracy", 3, 10, 2.6, None, None, "3 patients, fewer than 9"),
    )


def lines_of(table: object) -> list[str]:
    """Return a table as the 64 cells of the narrowest wide report show it."""
    console = Console(width=64, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return [line.split() for line in capture.get().splitlines()]


def test_the_share_of_a_finding_is_that_of_the_images() -> None:
    """6 of 10 images have it, though it is 6 of 14 labels."""
    header, first, _ = lines_of(classes_table(report_of("multi"), DARK))
    assert header == ["class", "images", "of", "images", "of", "labels", "patients", "weight"]
    assert first == ["a", "6", "60.0", "%", "42.9", "%", "2", "1.25"]


def test_the_classes_of_single_labels_have_bars_and_one_share() -> None:
    """All labels are one for each image."""
    header, *_, last = lines_of(classes_table(report_of("single"), DARK))
    assert "labels" not in header
    assert last[1] == "━" * 16
    assert lines_of(splits_table(report_of("single"), DARK))[1] == ["train", "10", "3", "80.0"]


def test_what_the_test_patients_can_show_is_said_before_a_study() -> None:
    """Too few of them show nothing."""
    text = patients_text(report_of("single"), 0.02, DARK).plain
    assert "3 patients with 2 to 5 images, median 3" in text
    assert "3 patients, fewer than 9: changes get no interval" in text


def test_a_range_of_images_without_a_patient_is_blank() -> None:
    """Of four patients, one has six times the images of the others."""
    assert histogram([1, 1, 2, 6]) == "1 █▄   ▄ 6"
