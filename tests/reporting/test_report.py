"""`medtui report`: what it says of recorded studies, in every form."""

import re
import shutil
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from medtui.analysis.differences import Differences
from medtui.analysis.groups import Group
from medtui.analysis.run_record import RunRecord
from medtui.analysis.subgroup_tables import class_calibration_table, patients_table
from medtui.analysis.verdicts import judge
from medtui.charts.figures.registry import FIGURES, figures_of
from medtui.errors import UsageError
from medtui.metrics.intervals import Difference
from medtui.reporting.contents import Contents, gather
from medtui.reporting.html import report_html
from medtui.reporting.markdown import figure_file, write_markdown
from medtui.reporting.summary_text import summary
from medtui.runs.folder import StudyFolder
from medtui.runs.narrowed_record import Narrowing
from medtui.runs.result import DIRECT_KEPT
from tests.helpers.blank_figures import blank_figures
from tests.helpers.paths import RECORDED
from tests.helpers.searched_study import PROBES, write_searched_study


@pytest.fixture(scope="module")
def cells() -> Contents:
    """Return the contents of the cells' report; its images come along with medtui."""
    (found,) = gather([StudyFolder(RECORDED / "cells")], lambda _what: None)
    return found


@pytest.fixture(scope="module")
def films() -> Contents:
    """Return the contents of the films' report; its images are not at hand."""
    (found,) = gather([StudyFolder(RECORDED / "films")], lambda _what: None)
    return found


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """Return the contents of a report on the cells with two probes and a search's outcome."""
    study = write_searched_study(tmp_path_factory.mktemp("searched"))
    (found,) = gather([study], lambda _what: None)
    return found


@pytest.fixture(scope="module")
def cells_page(cells: Contents) -> str:
    """Return the cells' report as a page, with every figure drawn."""
    return report_html([cells])


@pytest.fixture(scope="module")
def searched_page(searched: Contents) -> str:
    """Return the report on the study with a search as a page."""
    return report_html([searched])


class _Page(HTMLParser):
    """Collects what a browser would have to open or fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is opened, and what it points at."""
        if tag not in {"meta", "img", "br"}:
            self.open.append(tag)
        self.fetched += [
            value or ""
            for name, value in attrs
            if name in {"src", "href", "xlink:href"}
            and not (value or "").startswith(("#", "data:"))
        ]

    def handle_endtag(self, tag: str) -> None:
        """Close the last one of its kind."""
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else(cells: Contents, cells_page: str) -> None:
    """Every tag is closed; no script, no address is fetched; every figure is drawn."""
    page = _Page()
    page.feed(cells_page)
    assert page.open == []
    assert page.fetched == []
    assert "<script" not in cells_page
    names = re.findall(r'<figure id="figure-(\w+)"', cells_page)
    assert names == [figure.name for figure in FIGURES if figure.applies(cells.figure_data)]
    assert "prefers-color-scheme: dark" in cells_page
    assert "currentColor" in cells_page


def test_ids_on_the_page_are_unique(cells_page: str) -> None:
    """Two figures have clip paths; none may take the other's."""
    ids = re.findall(r' id="([^"]+)"', cells_page)
    assert len(ids) == len(set(ids))


def test_each_data_set_has_its_chapter(cells: Contents, films: Contents, tmp_path: Path) -> None:
    """Cells and films are judged by themselves; links, ids and figures are not mixed up."""
    folders = [StudyFolder(RECORDED / name) for name in ("cells", "films")]
    chapters = gather(folders, lambda _what: None)
    assert [each.name for each in chapters] == ["cells", "films"]
    assert chapters[0].headline == cells.headline
    assert chapters[1].headline == films.headline
    text = report_html(chapters)
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'<a href="#([^"]+)"', text)) <= set(ids)
    assert summary(cells) in unescape(text)
    assert "films-figure-classes" in ids
    with blank_figures():
        written = write_markdown(chapters, tmp_path / "both.md")
    assert {path.parent.name for path in written[1:]} == {
        "both-cells-figures", "both-films-figures",
    }  # fmt: skip


def test_a_limit_of_the_data_is_said(cells_page: str, films: Contents) -> None:
    """Also in reports on results of versions that did not record it."""
    sentence = "The preset limits the data: at most 90 images of each split"
    assert sentence in cells_page
    with blank_figures():
        assert "limits the data" not in report_html([films])


def test_studies_of_the_same_data_share_a_chapter(tmp_path: Path) -> None:
    """Their schemes stand beside each other and are not averaged."""
    for name in ("guarded", "stock"):
        shutil.copytree(RECORDED / "cells", tmp_path / name)
        for result in (tmp_path / name).glob("*/result.json"):
            result.write_text(result.read_text().replace('"cells"', f'"{name}"'))
    folders = [StudyFolder(tmp_path / name) for name in ("guarded", "stock")]
    (chapter,) = gather(folders, lambda _what: None)
    assert {"guarded Prune", "stock Prune"} <= set(chapter.figure_data.schemes())
    assert "In stock the dense reference reached" in summary(chapter)
    with blank_figures():
        assert report_html([chapter])


def test_the_summary_is_made_of_the_numbers(cells: Contents) -> None:
    """Reference, how many hold, and flips stand in it as they were measured."""
    text = summary(cells)
    reference = cells.references[0]
    assert f"{reference.metric('test', 'accuracy') * 100:.1f} %" in text
    assert "Against a margin of 2 points in accuracy" in text
    assert "0 of 2 compared settings are shown to be non-inferior" in text
    assert "On val, no compressed run excludes a loss of 2 points in accuracy" in text
    assert "of the test predictions differ from those of the reference." in text


def test_a_network_from_scratch_names_what_its_change_is_from(cells: Contents) -> None:
    """The study has no control, so the change is from the reference."""
    entry = cells.compressed[0]
    narrowing = Narrowing(0.5, 1_000, 990, "prune-0.1")
    narrowed = RunRecord(entry.folder, msgspec.structs.replace(entry.result, narrowing=narrowing))
    others = [each for each in cells.entries if each.key != entry.key]
    text = summary(replace(cells, entries=(*others, narrowed)))
    sentence = text.partition("a network trained from scratch with ")[2].partition(". ")[0]
    assert "reached " in sentence
    assert "a change of " in sentence
    assert sentence.endswith("from the reference")


def test_captions_name_metric_and_split(cells: Contents, films: Contents) -> None:
    """A reader of a figure alone knows what it is about, and what the front was chosen by."""
    by_name = {figure.name: figure for figure in FIGURES}
    assert by_name["classes"].describe(cells.figure_data).startswith("Sensitivity of each class")
    assert by_name["classes"].describe(films.figure_data).startswith("AUROC of each class")
    assert all("on test" in by_name[name].describe(cells.figure_data)
               for name in ("classes", "averages", "pareto", "changes", "density"))  # fmt: skip
    assert "chosen on val" in by_name["pareto"].describe(cells.figure_data)
    assert not [figure.name for figure in FIGURES if "{" in figure.describe(cells.figure_data)]


def test_a_run_is_chosen_on_val_and_quoted_on_test(cells: Contents) -> None:
    """Of two runs, test favours the one that val does not show to be non-inferior."""
    first, second = (each for each in cells.compressed if each.result.seed == 0)
    patients = tuple(f"p{number}" for number in range(60))
    gain, loss = Difference(0.1, 0.05, 0.15, 0.02), Difference(-0.05, -0.09, -0.01, 0.02)
    groups = tuple(Group(entry.folder.name, (entry,)) for entry in (first, second))
    changes = {
        entry.folder.name: Differences("cells/reference", {"accuracy": change}, patients)
        for entry, change in ((first, gain), (second, loss))
    }
    verdicts = {first.folder.name: judge(loss, 0.02), second.folder.name: judge(gain, 0.02)}
    text = summary(replace(cells, groups=groups, group_changes=changes, val_verdicts=verdicts))
    assert "1 of 2 compared runs are shown to be non-inferior to the reference on test" in text
    assert ", 1 to be worse; for 0, neither is shown." in text
    chosen = text.partition("The smallest that excludes a loss of 2 points on val, ")[2]
    assert chosen.startswith(f"which was used for selection, is {second.folder.name},")
    assert "on test its accuracy changed by " in chosen
    assert "9.0, " in chosen
    assert "1.0]: worse, perhaps beyond the margin." in chosen


def test_a_small_loss_on_val_is_not_called_none(cells: Contents) -> None:
    """A run whose loss on val is shown and within the margin may be chosen: it is worse there."""
    entry = cells.compressed[0]
    small = Difference(-0.01, -0.015, -0.005, 0.0025)
    verdict = judge(small, 0.02)
    assert (verdict.state, verdict.holds) == ("worse", True)
    changes = Differences("cells/reference", {"accuracy": small}, tuple("abcdefghi"))
    text = summary(replace(
        cells, groups=(Group("one", (entry,)),), group_changes={"one": changes},
        val_verdicts={"one": verdict},
    ))  # fmt: skip
    chosen = "The smallest that excludes a loss of 2 points on val, which was used for "
    assert f"{chosen}selection, is {entry.folder.name}," in text
    assert "non-inferior on val" not in text


def test_cycle_0_is_named_where_it_was_kept(cells: Contents, films: Contents) -> None:
    """Both studies kept direct compression; the table of results has the cycle of each run."""
    for contents in (cells, films):
        kept = [entry for entry in contents.compressed if entry.result.best_cycle == 0]
        assert f"{DIRECT_KEPT}." in summary(contents)
        assert all(entry.folder.name in summary(contents) for entry in kept)
    assert "cycle kept" in report_html([cells])


def test_notes_of_the_subgroup_analysis_say_what_was_counted(cells: Contents) -> None:
    """Intervals without known patients are over images; a patient has fewer right answers."""
    analysis = cells.analyses[0]
    assert "95 % intervals over patients." in class_calibration_table(analysis).note
    unknown = class_calibration_table(replace(analysis, num_patients=0)).note
    assert "95 % intervals over images, since patients are unknown." in unknown
    lost = sum(each.change < 0 for each in analysis.patients)
    assert f"fewer are right in {lost} of 6 patients" in patients_table(analysis).note


def test_films_have_classes_and_patient_groups(films: Contents) -> None:
    """Multi-label reports judge by AUROC, rarest class first, and by sex, age and view."""
    text = report_html([films])
    for words in ("test AUROC", "Patient groups: films/prune-0.05", "rarest first", "view"):
        assert words in text
    assert any("cannot be shown" in problem for problem in films.problems)


def test_the_pictures_that_moved_are_on_the_page(cells: Contents) -> None:
    """The demo's images are at hand; each stands with its probabilities."""
    text = report_html([cells])
    assert text.count("data:image/png;base64,") >= 4


def test_markdown_has_its_figures_beside_it(films: Contents, tmp_path: Path) -> None:
    """Every picture that the text shows is a file, as SVG and PNG."""
    written = write_markdown([films], tmp_path / "report.md")
    text = (tmp_path / "report.md").read_text()
    for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text):
        ET.parse(tmp_path / target)  # noqa: S314 - our own file
        assert (tmp_path / target).with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert all(path.is_file() for path in written)
    assert "## Subgroup analysis" in text


def test_a_figure_is_the_same_file_twice(cells: Contents) -> None:
    """The same numbers give the same bytes, so reports can be compared."""
    figure = FIGURES[0]
    assert figure_file(figure, cells, "svg") == figure_file(figure, cells, "svg")


def test_a_published_number_stands_beside_ours(tmp_path: Path) -> None:
    """The preset tells it; the report does not mix it with what was measured."""
    shutil.copytree(RECORDED / "cells", tmp_path / "cells")
    preset = tmp_path / "cells" / "prune-0.1" / "preset.toml"
    published = (
        '\n[published."prune-0.1"]\nmetric = "accuracy"\nvalue = 0.7244\nsource = "fig. 5"\n'
    )
    preset.write_text(preset.read_text() + published)
    text = report_html(gather([StudyFolder(tmp_path / "cells")], lambda _what: None))
    assert "Published results" in text
    assert "72.4 %" in text
    assert "fig. 5" in text


def test_nothing_finished_is_nothing_to_report(tmp_path: Path) -> None:
    """An empty study is refused in a sentence."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="nothing to report"):
        gather([StudyFolder(tmp_path / "empty")], lambda _what: None)


def test_probes_are_no_runs_of_a_report(
    searched: Contents, searched_page: str, cells: Contents
) -> None:
    """Nothing is said or drawn otherwise for their being there; one sentence counts them."""
    names = [entry.folder.name for entry in cells.entries]
    assert sorted(entry.folder.name for entry in searched.entries) == sorted(names)
    text = summary(searched)
    assert "compressed with Condensa in 4 runs" in text
    assert "ran 2 low-fidelity runs (2 cycles)" in text
    assert "probe" not in summary(cells)
    before, _, rest = searched_page.partition('<section id="searches">')
    assert not any(name in before or name in rest.partition("</section>")[2] for name in PROBES)


def test_each_search_has_its_sentence_its_samples_and_its_chart(searched_page: str) -> None:
    """Kinds of samples have names in the chart's legend, which are told apart by shape too."""
    section = searched_page.partition('<section id="searches">')[2].partition("</section>")[0]
    assert "Prune: density 0.1 has 89.5 % accuracy on val, bound 88.0 %" in section
    assert '<tr class="chosen"><td class="key">prune-0.1</td>' in section
    assert section.count("<td>low-fidelity</td>") == 2
    assert '<figure id="searches-search-prune">' in section
    for label in ("m posterior mean", "bound", "★ chosen 0.1", "f feasible", "l low-fidelity run"):
        assert f">{label}</text>" in section
    assert "1 sample is below the axes" in section
    ids = re.findall(r' id="([^"]+)"', searched_page)
    assert len(ids) == len(set(ids))


def test_markdown_and_single_figures_have_searches_too(searched: Contents, tmp_path: Path) -> None:
    """The chart is a file beside the text, and has a name for `--figure`."""
    with blank_figures():
        written = write_markdown([searched], tmp_path / "report.md")
    assert "search-prune.svg" in {path.name for path in written}
    assert "## Searches" in (tmp_path / "report.md").read_text()
    assert figures_of(searched.figure_data)[-1].name == "search-prune"


def test_a_study_without_a_search_has_no_such_section(cells_page: str) -> None:
    """Its report is what it was."""
    assert "Searches" not in cells_page


def test_a_damaged_search_is_told_and_costs_no_run(tmp_path: Path) -> None:
    """The report is written without it, and says how it is made anew."""
    study = write_searched_study(tmp_path)
    study.search.write_text("{")
    (found,) = gather([study], lambda _what: None)
    assert len(found.entries) == 5
    assert any("search.json is damaged" in problem for problem in found.problems)


def test_runs_without_telemetry_have_a_report(tmp_path: Path) -> None:
    """The figures that telemetry fills are left out; the others are drawn."""
    shutil.copytree(RECORDED / "cells", tmp_path / "cells")
    for path in (tmp_path / "cells").glob("*/telemetry.jsonl"):
        path.unlink()
    (chapter,) = gather([StudyFolder(tmp_path / "cells")], lambda _what: None)
    with blank_figures():
        written = write_markdown([chapter], tmp_path / "cells.md")
    names = {path.stem for path in written[1:]}
    assert names >= {"accuracy", "test", "averages"}
    assert not names & {"memory", "utilisation"}


def _films_with(published: str, tmp_path: Path) -> str:
    """Return the report on the recorded films with these published numbers."""
    shutil.copytree(RECORDED / "films", tmp_path / "films")
    preset = tmp_path / "films" / "prune-0.5" / "preset.toml"
    preset.write_text(f'{preset.read_text()}\n[published."prune-0.5"]\n{published}')
    chapters = gather([StudyFolder(tmp_path / "films")], lambda _what: None)
    with blank_figures():
        write_markdown(chapters, tmp_path / "films.md")
    return (tmp_path / "films.md").read_text()


def test_published_numbers_by_class_stand_beside_ours(tmp_path: Path, films: Contents) -> None:
    """Each class has a row; a class without a published number has none, and the range a note."""
    name, other = list(films.entries[0].result.test.per_class)[:2]
    text = _films_with(
        f'metric = "exact_match"\nvalue = 0.26\nclasses = {{ "{name}" = 0.915 }}\n'
        'class_range = [0.83, 0.98]\nclass_source = "table 4"\nnote = "Other films."\n',
        tmp_path,
    )
    (run,) = (each for each in films.entries if each.folder.name == "prune-0.5")
    ours = {key: 100 * each["accuracy"] for key, each in run.result.test.per_class.items()}
    assert f"| {name} | {ours[name]:.1f} % | 91.5 % |" in text
    assert re.search(rf"\| {other} \| {ours[other]:.1f} % \| [^\d|]* \|", text)
    assert "Published for the classes of prune-0.5: 83.0 % to 98.0 % (table 4)." in text
    assert "Other films." in text


def test_a_report_says_why_numbers_of_thresholds_cannot_agree(tmp_path: Path) -> None:
    """Recorded films were answered by Youden's index; a published AUROC does not depend on it."""
    text = _films_with('metric = "exact_match"\nvalue = 0.26\n', tmp_path)
    assert "cannot agree with those of one fixed threshold" in text
    assert "an image is an exact match only where every class is right" in text
    shutil.rmtree(tmp_path / "films")
    assert "cannot agree" not in _films_with('metric = "auroc"\nvalue = 0.8\n', tmp_path)
