"""`medtui config`: the settings' place and content."""

from pathlib import Path


def test_the_path_is_printed_whether_or_not_it_is_there(medtui, tmp_path: Path) -> None:
    """One line on stdout, for `$EDITOR $(medtui config path)`."""
    done = medtui("config", "path", MEDTUI_CONFIG_DIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'config.toml'}\n")


def test_what_is_shown_can_be_saved_as_it_stands(medtui, tmp_path: Path) -> None:
    """The defaults as an example; then the file itself; a mistake is explained, exit code 2."""
    shown = medtui("config", "show", MEDTUI_CONFIG_DIR=str(tmp_path))
    assert shown.returncode == 0
    file = tmp_path / "config.toml"
    file.write_text(shown.stdout, encoding="utf-8")
    assert medtui("config", "show", MEDTUI_CONFIG_DIR=str(tmp_path)).stdout == shown.stdout
    file.write_text("[look]\nthem = 1\n", encoding="utf-8")
    wrong = medtui("config", "show", MEDTUI_CONFIG_DIR=str(tmp_path))
    assert wrong.returncode == 2
    assert "theme" in wrong.stderr
