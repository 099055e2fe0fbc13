"""Thousands of malformed presets, cards and options: each is refused with a sentence."""

import io
import random
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tomli

from medtui.cli import main
from medtui.datasets.card import Card
from medtui.preset.model import Preset
from medtui.preset.toml import validate
from tests.helpers.fault_scale import note_figure
from tests.helpers.generated_documents import (
    CARD,
    PRESET,
    Case,
    cases,
    damaged_texts,
    models_within,
    option_cases,
    visit,
)

NUM_SAMPLED = 200

NUM_DAMAGED = 300
"""Texts of each kind of document with random damage."""

NUM_TRIED = 6_400
"""Of which most are refused; the others are by chance as they should be."""

NUM_REFUSED = 5_000

NUM_PARTS = 4

MAX_TOLD = 20_000
"""Characters of an answer; some values have 10,000."""

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")


class Started(BaseException):
    """The document was accepted: data and network would be looked at next."""


Judge = Callable[[Case, int], bool]


@pytest.fixture
def is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Return a function that runs a case and returns whether it was refused as it should be."""
    monkeypatch.chdir(tmp_path)

    def start(*_: object, **__: object) -> None:
        raise Started

    def accept(*arguments: Any) -> None:
        validate(*arguments)
        raise Started

    def judge(case: Case, number: int) -> bool:
        is_card = case.name.startswith("card ")
        path = tmp_path / ("card.toml" if is_card else "p.toml")
        path.write_bytes(case.raw)
        words = ["data", "check", path.name] if is_card else ["--run", path.name]
        words += [word for option in case.options for word in ("--set", option)]
        if not is_card and number % 2:
            words.append("--dry-run")
        output, errors = io.StringIO(), io.StringIO()
        with monkeypatch.context() as patched:
            patched.setattr(subprocess, "Popen", start)
            patched.setattr("medtui.datasets.card.validate", accept)
            patched.setattr(sys, "argv", ["medtui", *words])
            patched.setattr(sys, "stdout", output)
            patched.setattr(sys, "stderr", errors)
            try:
                code = main()
            except Started:
                assert not case.is_wrong, "accepted"
                return False
        told = errors.getvalue()
        assert code in {2, 3}, (code, told)
        assert path.name in told or (case.options and "--set" in told), told
        assert not _CONTROL.search(told), told
        assert len(told) < MAX_TOLD, len(told)
        assert not (tmp_path / "runs").exists()
        return True

    return judge


def all_cases() -> list[Case]:
    """Return every case, in an order that is random and always the same."""
    found = [
        *cases(Preset, PRESET),
        *option_cases(Preset, PRESET),
        *damaged_texts(PRESET, NUM_DAMAGED, seed=1),
    ]
    cards = (*cases(Card, CARD), *damaged_texts(CARD, NUM_DAMAGED, seed=2))
    found += [replace(case, name=f"card {case.name}") for case in cards]
    random.Random(19).shuffle(found)
    return found


def count_refused(tried: list[Case], is_refused: Judge) -> list[Case]:
    """Return the cases that were refused; fail with those that were not answered properly."""
    refused, failed = [], []
    for number, case in enumerate(tried):
        try:
            if is_refused(case, number):
                refused.append(case)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are tried
            failed.append(f"{case.name}: {type(error).__name__}: {str(error)[:300]}")
    assert not failed, f"{len(failed)} of {len(tried)}:\n" + "\n".join(failed[:40])
    return refused


@pytest.mark.parametrize(("model", "text"), [(Preset, PRESET), (Card, CARD)])
def test_every_field_of_every_model_is_generated(model, text):
    """A field that is added to a model is tried without a change here."""
    visited = {(owner, place.path[-1]) for owner, place in visit(model, tomli.loads(text))}
    expected = {
        (owner, field.alias or name)
        for owner in models_within(model)
        for name, field in owner.model_fields.items()
    }
    assert visited == expected


def test_malformed_documents_are_refused(is_refused):
    """A sample of them."""
    refused = count_refused(all_cases()[:NUM_SAMPLED], is_refused)
    assert len(refused) > NUM_SAMPLED // 2


@pytest.mark.faults
@pytest.mark.parametrize("part", range(NUM_PARTS))
def test_all_malformed_documents_are_refused(is_refused, part):
    """Each field with each kind of damage, in files and in options."""
    tried = all_cases()[:NUM_TRIED][part::NUM_PARTS]
    refused = count_refused(tried, is_refused)
    num_toml = sum(case.is_toml for case in refused)
    note_figure("malformed document", tried=len(tried), refused=len(refused), toml=num_toml)
    assert len(refused) >= NUM_REFUSED / NUM_PARTS
    assert num_toml >= len(refused) / 2
