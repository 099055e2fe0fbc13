"""`medtui data show`: prints a card that can be copied."""

from typer.testing import CliRunner

from medtui.cli.root import app
from medtui.datasets.card import load_card
from medtui.errors import UsageError
from medtui.resources import find_card


def test_a_packaged_card_is_printed_as_it_is(tmp_path):
    """Its comments are kept, and a copy is the same card."""
    result = CliRunner().invoke(app, ["data", "show", "ham10000"])
    assert result.exit_code == 0
    path = find_card("ham10000")
    assert path is not None
    assert result.stdout == path.read_text("utf-8")
    copy = tmp_path / "copy.toml"
    copy.write_text(result.stdout, "utf-8")
    assert load_card(str(copy))[0] == load_card("ham10000")[0]


def test_an_unknown_card_is_refused(tmp_path, monkeypatch):
    """With the names of those that there are."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["data", "show", "ham1000"])
    assert isinstance(result.exception, UsageError)
    assert "ham10000" in (result.exception.hint or "")
