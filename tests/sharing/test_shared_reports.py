"""Reports and cards under pseudonyms: no name of the source, the numbers of the source."""

import re

import pytest

from medtui.sharing.marker import SENTENCE
from medtui.sharing.pseudonyms import secret_path
from medtui.sharing.shadow import shadowed
from medtui.sharing.sweep import NamesRemain
from medtui.storage import DamagedFile

NUMBER = re.compile(r"\d+\.\d+ %|\d\.\d{3}")


@pytest.fixture(autouse=True)
def _quick_figures(monkeypatch) -> None:
    """Write small files in place of figures, which take most of a report's time."""
    monkeypatch.setattr("medtui.reporting.markdown.figure_file", lambda *_: b"<svg/>")


@pytest.fixture
def reports(medtui, study, tmp_path):
    """Return the text of a report under pseudonyms, and that of one without."""
    for name, words in (("shared", ["--pseudonymise"]), ("plain", [])):
        medtui("report", "films", "-q", "-o", f"{name}.md", *words)
    return [(tmp_path / f"{name}.md").read_text() for name in ("shared", "plain")]


def test_a_report_has_no_name_of_the_source(identifying, reports, tmp_path):
    """The same report without the switch has; both have the same numbers."""
    shared, plain = reports
    names = [name for name in identifying.names if len(name) > 3]
    assert not [name for name in names if name in shared]
    assert sum(name in plain for name in names) > 10
    assert SENTENCE in shared
    assert SENTENCE not in plain
    parts = [text.partition("## Subgroup analysis")[0] for text in reports]
    assert NUMBER.findall(parts[0]) == NUMBER.findall(parts[1]) != []
    figures = [sorted(path.name for path in tmp_path.glob(f"{name}-figures/*"))
               for name in ("shared", "plain")]  # fmt: skip
    assert figures[0] == figures[1] != []


def test_a_patient_has_the_same_name_in_the_next_report(medtui, study, reports, tmp_path):
    """Names follow from a secret that only the user may read; another secret gives others."""
    medtui("report", "films", "-q", "-o", "next.md", "--pseudonymise")
    wanted = re.findall(r"patient-\d+", reports[0])
    assert re.findall(r"patient-\d+", (tmp_path / "next.md").read_text()) == wanted != []
    assert secret_path().stat().st_mode & 0o777 == 0o600
    secret_path().unlink()
    medtui("report", "films", "-q", "-o", "other.md", "--pseudonymise")
    assert re.findall(r"patient-\d+", (tmp_path / "other.md").read_text()) != wanted


def test_a_name_that_is_left_keeps_a_report_from_being_written(
    medtui, study, tmp_path, monkeypatch
):
    """Whatever part of the report has it."""
    monkeypatch.setattr("medtui.reporting.html.report_html", lambda _: "<p>O&#x27;Brien, Seán 36")
    with pytest.raises(NamesRemain, match="O'Brien"):
        medtui("report", "films", "-q", "--pseudonymise")
    assert not (tmp_path / "films.html").exists()


def test_verbs_say_that_names_were_replaced(medtui, study, tmp_path):
    """The table of the study, its card and the check of this card, which agrees with the pack."""
    medtui("runs", "pack", "films", "--pseudonymise", "-o", "p.zip")
    assert SENTENCE in medtui("runs", "show", "films", "--runs-dir", "p.zip")
    assert SENTENCE not in medtui("runs", "show", "films")
    medtui("card", "films/prune-0.5", "-o", "c.md", "--runs-dir", "p.zip")
    assert SENTENCE in (tmp_path / "c.md").read_text()
    medtui("card", "--verify", "c.json", "--runs-dir", "p.zip")


@pytest.mark.parametrize("kind", ["changed", "model_record"])
@pytest.mark.parametrize(
    "content", [b'{"data": "x", "layers": "x"}\n', b"name\n\xff\xfe\n", b"[1]"]
)
def test_a_file_of_another_form_is_named(study, kind, content, tmp_path, monkeypatch):
    """A study of another user may hold anything under the names of medtui's files."""
    monkeypatch.setenv("MEDTUI_CONFIG_DIR", str(tmp_path / "config"))
    path = getattr(study.run("prune-0.5"), kind)
    path.write_bytes(content)
    with pytest.raises(DamagedFile) as caught, shadowed([study]):
        pass
    assert str(path) in caught.value.message
