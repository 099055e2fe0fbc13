"""Trackers under pseudonyms: numbers as they are, no name of the source."""

import socket
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from medtui.preset import load_preset
from medtui.runs.folder import RunFolder
from medtui.sharing.scrubbing import shared_settings
from medtui.tracking import content
from medtui.tracking.follower import Follower, _follow, _Target
from medtui.tracking.tracker import Progress, Tracker
from tests.helpers.toy_tracker import ToyTracker

ENDED = SimpleNamespace(is_requested=True)
"""A follower that was asked to end, which handles no signal of the tests' process."""


@pytest.fixture(autouse=True)
def _quick_figures(monkeypatch, tmp_path) -> None:
    """Draw no figures, and take the secret from the test's folder."""
    monkeypatch.setattr(Follower, "_figures", lambda _: [])
    monkeypatch.setenv("MEDTUI_CONFIG_DIR", str(tmp_path / "config"))


def recorded(run: RunFolder, *settings: str) -> str:
    """Record a run with the toy tracker; return what it received, with the files themselves."""
    run.tracker("toy").mkdir()

    def open_toy(run: RunFolder, _preset: object, mode: str) -> tuple[Tracker, Progress]:
        return ToyTracker(run.tracker("toy"), mode), Progress()

    _follow(_Target(run, "toy", "offline", list(settings)), open_toy, ENDED)
    lines = (run.tracker("toy") / "updates.jsonl").read_text(encoding="utf-8")
    updates = [msgspec.json.decode(line) for line in lines.splitlines()]
    files = [Path(each["path"]).read_text("utf-8") for each in updates if "path" in each]
    assert len(files) == 3
    for each in updates:
        each.pop("path", None)
    return msgspec.json.encode(updates).decode() + "".join(files)


def test_nothing_that_is_sent_names_anyone(identifying, study):
    """Settings, outcome and files; without the switch they have folders, host and note."""
    names = [name for name in identifying.names if len(name) > 3]
    plain = recorded(study.run("prune-0.05"))
    shared = recorded(study.run("prune-0.5"), "track.pseudonymise=true")
    for word in ("Vogel-Brandt", "d1" * 32, "is read-only."):
        assert word in plain
    assert sum(name in plain for name in names) >= 2
    assert not [name for name in names if name in shared]
    assert "Vogel" not in shared
    assert "d1" * 32 not in shared
    assert "withheld is read-only." in shared
    assert '"result/test/auroc"' in shared
    assert '"lc.steps"' in shared


def test_numbers_of_settings_stay(study):
    """What is replaced are texts: every number, name of a scheme and switch is sent."""
    preset = load_preset(str(study.preset))
    before, after = (
        content.parameters_of(each, "films", "x") for each in (preset, shared_settings(preset))
    )
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert changed == {"note", "data.card", "data.root", "external"}


def test_a_damaged_file_is_not_sent(study, capsys):
    """The rest of the run is: numbers do not depend on it."""
    run = study.run("prune-0.5")
    run.predictions.write_bytes(b"no archive")
    run.tracker("toy").mkdir()
    target = _Target(run, "toy", "offline", ["track.pseudonymise=true"])
    _follow(target, lambda run, _, mode: (ToyTracker(run.tracker("toy"), mode), Progress()),
            ENDED)  # fmt: skip
    text = (run.tracker("toy") / "updates.jsonl").read_text()
    assert "result/test/auroc" in text
    assert '"Artifact"' not in text
    assert "predictions.npz" in capsys.readouterr().err


def test_event_files_of_tensorboard_do_not_name_the_host(study):
    """The library puts it into each file's name."""
    tensorboard = pytest.importorskip("medtui.tensorboard.follower")
    run = study.run("prune-0.5")
    run.tracker("tensorboard").mkdir()
    settings = ["track.tensorboard=true", "track.pseudonymise=true"]
    target = _Target(run, "tensorboard", "online", settings)
    _follow(target, tensorboard.open_tensorboard, ENDED)
    (path,) = run.tracker("tensorboard").glob("events.out.tfevents.*")
    assert f".{socket.gethostname()}." not in path.name
    assert b"Vogel" not in path.read_bytes()
