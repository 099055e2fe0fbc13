"""The tables and sentences of reports are recomputed cell by cell, without medtui."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.helpers.earlier_version import call_medtui
from tests.helpers.recomputed import report_tables, sheets
from tests.helpers.recomputed.run_files import RunFiles
from tests.helpers.recomputed.texts import LABELS, Rows, markdown_tables, plain

DRAWN = ("cells2", "films3")
"""Studies with weights and a control."""

Report = Callable[[str, str], str]


@pytest.fixture(scope="module")
def report(study_folder, tmp_path_factory) -> Report:
    """Return a function that writes a study's report, once, and returns its text."""
    folder = tmp_path_factory.mktemp("reports")

    def write(name: str, kind: str) -> str:
        path, study = folder / f"{name}.{kind}", study_folder(name)
        if not path.is_file():
            where = "-o", str(path), "--runs-dir", str(study.parent)
            done = call_medtui("report", study.name, "-q", *where)
            assert done.code == 0, done.stderr
        return path.read_text(encoding="utf-8")

    return write


def runs_of(study: Path) -> list[RunFiles]:
    """Return a study's runs in the order of the report."""
    names = [path.name for path in study.iterdir() if (path / "result.json").is_file()]
    shown = call_medtui("runs", "show", study.name, "--json", "--runs-dir", str(study.parent))
    order = [each["run"] for each in shown.objects]
    return [RunFiles(study / name) for name in order if name in names]


def expected_tables(runs: list[RunFiles]) -> dict[str, Rows]:
    """Return the tables on classes, groups, patients and images, by title."""
    is_multi = sheets.primary_of(runs[0]) == "auroc"
    found = {
        "Changed predictions": sheets.changed_predictions(runs),
        "Calibration error": sheets.calibration_errors(runs),
        "All metrics": sheets.all_metrics(runs),
    }
    for name in ("auroc", "accuracy") if is_multi else ("sensitivity",):
        found[f"{LABELS[name]} by class, test"] = sheets.metric_by_class(runs, name)
    for run in sheets.compared(runs):
        found[f"Classes, rarest first: {run.key}"] = sheets.class_changes(run)
        found[f"Calibration by class: {run.key}"] = sheets.class_calibrations(run)
        patients = sheets.patients_of(run, sheets.NUM_WORST)
        found[f"Patients, largest loss first: {run.key}"] = patients
        found[f"Images with the largest changes: {run.key}"] = sheets.largest_changes(run)
        if len(sheets.group_changes(run)) > 1:
            found[f"Patient groups: {run.key}"] = sheets.group_changes(run)
    return found


def _without_card(text: str) -> str:
    before, _, rest = text.partition("\n## Model card\n")
    _, heading, after = rest.partition("\n## Citation\n")
    return before + heading + after


@pytest.mark.parametrize("name", [*DRAWN, "films"])
def test_tables_of_a_report_are_recomputed(name, study_folder, report):
    """In Markdown; a table that nothing recomputes fails the test.

    The model card states each number's file and key, which tests of cards read again.
    """
    runs = runs_of(study_folder(name))
    tables = markdown_tables(_without_card(report(name, "md")))
    expected = expected_tables(runs) | {"Split": report_tables.split_table(runs[0])}
    expected["Convergence of L-C"] = report_tables.convergence(runs)
    if name in DRAWN:
        expected |= {
            "Results": report_tables.results(runs), "Layers": sheets.layer_densities(runs),
        }  # fmt: skip
    for title, rows in expected.items():
        found = tables.pop(title)
        if title == "Layers":  # the file of the weights has an order of its own
            assert sorted(found) == sorted(rows)
        else:
            assert found == rows, title
    assert tables.keys() <= {"Provenance", *(() if name in DRAWN else ("Results", "Layers"))}


@pytest.mark.parametrize("name", DRAWN)
def test_the_summary_is_recomputed(name, study_folder, report):
    """Which run is chosen on val, how many hold, and which classes and groups are worse."""
    runs = runs_of(study_folder(name))
    summary = plain(report(name, "md").split("## Summary")[1].split("##")[0])
    for sentence in report_tables.summary_sentences(runs):
        assert sentence in summary
    worse = {run.name: report_tables.worse_rows(run) for run in sheets.compared(runs)}
    told = re.findall(r"([\w<+ -]+) is worse in ([\w., -]+) than in the (?:con|ref)", summary)
    assert {(who.strip(), run) for who, names in told for run in names.split(", ")} == {
        (who, run) for run, found in worse.items() for who in found
    }


def test_html_and_markdown_have_the_same_tables(report):
    """Cell by cell, except that pictures replace the list of images."""
    of_markdown = markdown_tables(report("films3", "md"))
    reader = _Tables()
    reader.feed(report("films3", "html"))
    expected = [
        rows for title, rows in of_markdown.items() if not title.startswith("Images with")
    ]  # fmt: skip
    assert [rows for rows in reader.tables if rows in expected] == expected


class _Tables(HTMLParser):
    """Reads the tables of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[Rows] = []
        self._is_cell = False

    def handle_starttag(self, tag: str, _: object) -> None:
        """Begin a table, a row or a cell."""
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")
            self._is_cell = True

    def handle_endtag(self, tag: str) -> None:
        """End a cell."""
        self._is_cell &= tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        """Add to a cell."""
        if self._is_cell:
            self.tables[-1][-1][-1] += data
