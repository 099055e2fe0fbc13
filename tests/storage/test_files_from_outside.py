"""Files that a person names, or that lie in a shared folder, are refused plainly if unusable."""

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from medtui.comet.access import key_source
from medtui.datasets.manifest import read_manifest
from medtui.datasets.tables.text import read_text
from medtui.errors import MedtuiError
from medtui.evidence.card.questions import read_answers
from medtui.evidence.card.record import read_card
from medtui.evidence.plan import StatedPlan
from medtui.runs.folder import RunFolder
from medtui.sharing.identifiers import Identifiers
from medtui.sharing.members import Chosen
from medtui.sharing.opening import open_pack
from medtui.sharing.pseudonyms import own_pseudonyms, secret_path
from medtui.sharing.shared_packs import pack
from medtui.tui.compare.named_filters import filters_path, read_filters
from medtui.tui.run.details import read_files
from medtui.tui.settings import load_settings, settings_path
from medtui.tui.widths import read_widths, widths_path
from tests.helpers.damaged_files import folder, huge, named_pipe, not_utf8
from tests.helpers.small_study import record_study

Damage = Callable[[Path], None]

DAMAGES = (named_pipe, folder, huge, not_utf8)
MAX_MEMORY_BYTES = 64 * 1024**2


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """Keep the user's settings, secret and state below the test's folder."""
    monkeypatch.setenv("MEDTUI_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("MEDTUI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def spoil(path: Path, damage: Damage) -> Path:
    """Write a file and damage it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"content = 1\n")
    damage(path)
    return path


NAMED: dict[str, Callable[[Path], object]] = {
    "plan": StatedPlan,
    "answers": read_answers,
    "card": read_card,
    "checksums": read_manifest,
    "pack": open_pack,
}
"""What reads a file that the command line names."""


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("kind", NAMED)
def test_a_named_file_is_refused_with_its_path(tmp_path, kind, damage):
    """At once, and before memory is taken for it."""
    path = spoil(tmp_path / "named", damage)
    tracemalloc.start()
    with pytest.raises(MedtuiError) as caught:
        NAMED[kind](path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(path) in caught.value.message
    assert peak < MAX_MEMORY_BYTES


@pytest.mark.parametrize("damage", [named_pipe, folder])
def test_a_table_of_labels_is_a_regular_file(tmp_path, damage):
    """Its encoding is found out, so bytes beyond UTF-8 are no error."""
    path = spoil(tmp_path / "labels.csv", damage)
    with pytest.raises(MedtuiError, match="not a file") as caught:
        read_text(path)
    assert str(path) in caught.value.message


@pytest.mark.parametrize("damage", [named_pipe, folder, huge])
def test_a_secret_that_cannot_be_used_is_named(damage):
    """Pseudonyms by another secret would not be those of earlier reports."""
    path = spoil(secret_path(), damage)
    with pytest.raises(MedtuiError) as caught:
        own_pseudonyms(Identifiers())
    assert str(path) in caught.value.message
    assert "pseudonyms" in caught.value.hint


@pytest.mark.parametrize("damage", DAMAGES)
def test_settings_that_cannot_be_read_are_an_error(damage):
    """Defaults in their place would hide that they are not applied."""
    path = spoil(settings_path(), damage)
    with pytest.raises(MedtuiError) as caught:
        load_settings()
    assert str(path) in caught.value.message


@pytest.mark.parametrize("damage", DAMAGES)
def test_optional_files_are_left_out(tmp_path, damage):
    """Without them, commands and screens are as before they existed."""
    assert key_source({"COMET_CONFIG": str(spoil(tmp_path / "comet.config", damage))}) is None
    spoil(filters_path(), damage)
    spoil(widths_path(), damage)
    assert read_filters() == {}
    assert read_widths() == {}


@pytest.mark.parametrize("damage", [named_pipe, folder, huge])
def test_texts_of_a_run_are_shown_as_far_as_they_can_be(tmp_path, damage):
    """The folder may be another user's."""
    run = RunFolder(tmp_path / "run")
    for path in (run.preset, run.provenance, run.worker_log):
        spoil(path, damage)
    tracemalloc.start()
    found = read_files(run)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MAX_MEMORY_BYTES
    if damage is huge:
        assert found.settings[0] == "content = 1"
    else:
        assert found.settings == found.provenance == found.worker_log == ()


def test_the_end_of_a_long_output_begins_with_a_whole_line(tmp_path):
    """Only lines that are there from their beginning are shown."""
    run = RunFolder(tmp_path)
    lines = [f"line {number}" for number in range(20_000)]
    run.worker_log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    shown = list(read_files(run).worker_log)
    assert shown == lines[-len(shown) :]
    assert 1000 < len(shown) < len(lines)
    run.worker_log.write_text("one\ntwo\n", encoding="utf-8")
    assert read_files(run).worker_log == ("one", "two")


def test_a_pipe_beside_a_pack_does_not_hold_its_writer(tmp_path):
    """Temporary files of killed writers are looked at, and may be anything."""
    study = record_study(tmp_path / "runs", "cells")
    os.mkfifo(tmp_path / ".a.zip.0123.part")
    pack(tmp_path / "a.zip", [Chosen(study, tuple(study.runs()))], [])
    assert (tmp_path / "a.zip").is_file()
