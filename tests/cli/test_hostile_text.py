"""Names, notes, logs and files of others never steer the terminal of the command line."""

import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from medtui.analysis.table import escape_markdown
from medtui.cli import main
from medtui.control_characters import escape_controls
from medtui.runs.folder import StudyFolder
from tests.helpers.hostile_study import (
    ESCAPED,
    FAILED_RUN,
    PAYLOAD,
    controls_in,
    write_hostile_images,
    write_hostile_study,
)


@pytest.fixture
def hostile(tmp_path: Path) -> StudyFolder:
    """Return a study with the payload in all its texts."""
    return write_hostile_study(tmp_path / "runs")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Return a function that runs `medtui` in this process and returns stdout and stderr."""

    def run(*arguments: str) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["medtui", *arguments])
        main()
        return tuple(capsys.readouterr())

    return run


LISTINGS = {
    "list": ["runs", "list"],
    "list a study": ["runs", "list", "{study}"],
    "show a study": ["runs", "show", "{study}"],
    "show a run": ["runs", "show", "{study}/prune-0.1-s1"],
    "show a failed run": ["runs", "show", f"{{study}}/{FAILED_RUN}"],
    "show what is not there": ["runs", "show", "{study}/no-such-run"],
    "compare": ["runs", "compare"],
    "compare, hurt": ["runs", "compare", "--hurt"],
    "compare, classes": ["runs", "compare", "--classes"],
    "compare, settings": ["runs", "compare", "--settings"],
    "compare, groups": ["runs", "compare", "--group", "scheme"],
    "compare, Markdown": ["runs", "compare", "--md"],
    "compare, CSV": ["runs", "compare", "--csv"],
    "compare, hurt, CSV": ["runs", "compare", "--hurt", "--csv"],
    "attach": ["attach", "{study}"],
    "stop": ["stop", "{study}"],
}  # fmt: skip


@pytest.mark.parametrize("arguments", LISTINGS.values(), ids=LISTINGS.keys())
def test_no_listing_verb_writes_a_control_character(shown, hostile, arguments):
    """They are there, escaped; so is what goes to a pipe."""
    output = "".join(shown(*(each.format(study=hostile.name) for each in arguments)))
    assert controls_in(output) == set()
    escaped = escape_controls(escape_markdown(PAYLOAD)) if "--md" in arguments else ESCAPED
    assert escaped in output


@pytest.mark.parametrize(
    "arguments",
    [
        ["runs", "list"],
        ["runs", "show", "{study}"],
        ["runs", "compare"],
        ["runs", "compare", "--hurt"],
        ["runs", "compare", "--classes"],
    ],
)
def test_json_is_printable_and_loses_nothing(shown, hostile, arguments):
    """A program gets the text as it was written."""
    output, _ = shown(*(each.format(study=hostile.name) for each in arguments), "--json")
    assert controls_in(output) == set()
    objects = [json.loads(line) for line in output.splitlines()]
    assert any(PAYLOAD in text for each in objects for text in _texts(each))


def test_csv_keeps_its_rows_and_columns(shown, hostile):
    """The escapes are text in their cells."""
    output, _ = shown("runs", "compare", "--csv")
    rows = list(csv.DictReader(io.StringIO(output)))
    assert len(rows) == 5
    assert all(ESCAPED in row["run"] for row in rows)


@pytest.mark.parametrize("arguments", [["preset", "check", "{path}"], ["--run", "{path}"]])
def test_the_source_line_of_an_error_is_escaped(shown, tmp_path, arguments):
    """A preset of others cannot steer through the message about it, nor through its path."""
    path = tmp_path / f"bad{PAYLOAD}.toml"
    path.write_text(f'name = "a" # \x1b]0;owned\x07\n[data\nnote = "{PAYLOAD}"\n', encoding="utf-8")
    output = "".join(shown(*(each.format(path=path) for each in arguments)))
    assert controls_in(output) == set()
    assert ESCAPED in output


def test_a_broken_preset_of_a_study_is_escaped(shown, hostile):
    """`runs list` names the line that cannot be read."""
    hostile.preset.write_text(f'note = "{PAYLOAD}', encoding="utf-8")
    output, errors = shown("runs", "list")
    assert controls_in(output + errors) == set()
    assert ESCAPED in errors


def test_class_folders_and_image_names_are_escaped(shown, tmp_path):
    """A data set that was downloaded is looked at before it is trusted."""
    folder = write_hostile_images(tmp_path / "images")
    output, errors = shown("data", "check", str(folder))
    assert controls_in(output + errors) == set()
    assert output.count(ESCAPED) >= 3


def test_an_uncaught_error_is_escaped(tmp_path):
    """Even the traceback of a defect has text of others in it."""
    code = (
        "import sys\n"
        "from medtui import cli\n"
        "def fail():\n    raise RuntimeError(sys.argv[1])\n"
        "cli._run_verb = fail\n"
        "cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, PAYLOAD], capture_output=True, text=True, check=False
    )
    assert controls_in(done.stderr) == set()
    assert f"RuntimeError: {ESCAPED}" in done.stderr


def test_bars_show_text_escaped_and_still_move():
    """On a terminal Rich's own sequences pass, those of a log line do not."""
    code = (
        "import sys\n"
        "from medtui.cli.stream import escape_output\n"
        "escape_output()\n"
        "from medtui.cli.follow.live_bar import LiveBar\n"
        "bar = LiveBar()\n"
        "bar._tasks['a'] = bar._progress.add_task(sys.argv[1], total=1.0, where=sys.argv[1])\n"
        "bar.say('run', sys.argv[1])\n"
        "bar._progress.refresh()\n"
        "bar.close()\n"
    )
    written = _written_to_terminal([sys.executable, "-c", code, PAYLOAD])
    assert "\x1b]" not in written
    assert not controls_in(written) - {"\x1b", "\r"}
    assert "\x1b[2K" in written
    assert ESCAPED in written


def test_a_line_of_progress_is_redrawn_in_place():
    """Its own sequences reach a terminal, those in its text do not."""
    code = (
        "import sys\n"
        "from medtui.cli.stream import erase_progress, escape_output, write_progress\n"
        "escape_output()\n"
        "write_progress(sys.argv[1])\n"
        "erase_progress()\n"
    )
    written = _written_to_terminal([sys.executable, "-c", code, PAYLOAD])
    assert written == f"{ESCAPED}\x1b[K\r\x1b[K"


def _written_to_terminal(command: list[str]) -> str:
    """Run a command with a terminal of 200 columns as its standard error; return what came."""
    master, slave = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "200"}
    with subprocess.Popen(command, stderr=slave, env=environment) as process:
        os.close(slave)
        written = b""
        while chunk := _read(master):
            written += chunk
    os.close(master)
    assert process.returncode == 0
    return written.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # EIO: the other side is closed
        return b""


def _texts(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for each in value.items() for part in each for text in _texts(part)]
        case list():
            return [text for each in value for text in _texts(each)]
    return []
