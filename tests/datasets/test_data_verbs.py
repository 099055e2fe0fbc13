"""`medtui data`: counts on stdout, messages on stderr, documented exit codes."""

import json
from pathlib import Path

import numpy as np
import pytest

from medtui.preset import DataSettings
from tests.datasets.conftest import Medtui
from tests.helpers.drawn_images import write_medmnist


def test_list_names_the_shipped_cards(medtui: Medtui) -> None:
    """One JSON object per line."""
    lines = medtui("list", "--json").stdout.splitlines()
    assert {"demo", "malaria", "chestxray14"} <= {json.loads(line)["name"] for line in lines}


def test_check_prints_counts_and_json(medtui: Medtui, settings: DataSettings) -> None:
    """Text for people, one JSON object for programs, nothing else on stdout."""
    shown = medtui("check", settings.card, "--root", settings.root)
    assert shown.returncode == 0
    assert "Parasitized" in shown.stdout
    value = json.loads(medtui("check", settings.card, "--root", settings.root, "--json").stdout)
    assert value["classes"] == ["Parasitized", "Uninfected"]


def test_check_takes_a_bare_folder(medtui: Medtui, cells: Path) -> None:
    """Images without a card can be checked."""
    shown = medtui("check", str(cells), "-q")
    assert shown.returncode == 0
    assert "no patient information" in shown.stdout


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["check", "nosuch"], 2, "no such card"),
        (["check", "malaria"], 3, "--root="),
        (["check", "demo", "--size", "3"], 2, "`size` = 3"),
        (["check", "demo", "--split", "patients"], 2, "`split`"),
        (["fetch", "table"], 2, "no download address"),
    ],
)
def test_mistakes_have_exit_codes_and_hints(
    medtui: Medtui, words: list[str], code: int, message: str
) -> None:
    """2 for invalid input, 3 for missing data; hints use the command's own options."""
    shown = medtui(*words)
    assert shown.returncode == code
    assert message in shown.stderr
    assert "Traceback" not in shown.stderr


def test_new_writes_a_card_and_keeps_the_old_one(
    medtui: Medtui, cells: Path, tmp_path: Path
) -> None:
    """An existing card is not overwritten."""
    card = tmp_path / "mine.toml"
    first = medtui("new", str(cells), "--to", str(card))
    assert first.stdout.strip() == str(card)
    assert medtui("check", str(card), "--root", str(cells)).returncode == 0
    assert medtui("new", str(cells), "--to", str(card)).returncode == 2


def test_cache_lists_and_clears(medtui: Medtui, settings: DataSettings) -> None:
    """Images decoded by a check are listed and can be removed."""
    medtui("check", settings.card, "--root", settings.root)
    assert json.loads(medtui("cache", "--json").stdout)["num_images"] == 120
    assert "freed" in medtui("cache", "--clear").stdout
    assert medtui("cache").stdout.strip() == "The cache is empty."


def test_check_fails_where_a_study_would_not_start(medtui: Medtui, tmp_path: Path) -> None:
    """The exit status is 1 until the error is accepted."""
    patients = {
        f"{split}_patients": np.array([f"p{number % 8}" for number in range(count)])
        for split, count in (("train", 40), ("val", 12), ("test", 12))
    }
    root = write_medmnist(tmp_path / "leaking.npz", (28, 28), **patients)
    refused = medtui("check", root)
    assert refused.returncode == 1
    assert "error: the official split has 8 patients in several splits" in refused.stdout
    assert "A study would not start" in refused.stderr
    accepted = medtui("check", root, "--accept", "shared-patients", "--json")
    assert accepted.returncode == 0
    (found,) = (each for each in json.loads(accepted.stdout)["findings"] if each["rank"] == "error")
    assert found["name"] == "shared-patients"
