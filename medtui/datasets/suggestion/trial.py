"""Opens the images by a card before it is written."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medtui.datasets.findings import unaccepted_in
from medtui.datasets.resolve import open_source
from medtui.errors import MedtuiError
from medtui.preset import DataSettings


@dataclass(frozen=True)
class Refusal:
    """Why `medtui data check` would refuse a card."""

    sentence: str
    hint: str
    errors: list[str]
    """Names of errors that can be accepted; empty where the card cannot be used at all."""


def refusal_of(card: str, root: Path, accepted: Sequence[str]) -> Refusal | None:
    """Return why a card would be refused; None where it would not."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "card.toml"
        path.write_text(card, encoding="utf-8")
        try:
            source = open_source(DataSettings(card=str(path), root=str(root.absolute())))
        except MedtuiError as error:
            sentence = error.message.replace(str(path), "card.toml").replace("--set data.", "")
            return Refusal(sentence, error.hint.replace("--set data.", "--"), [])
    errors = unaccepted_in(source.findings, accepted)
    if not errors:
        return None
    sentences = "; ".join(f"{each.sentence} ({each.name})" for each in errors)
    names = list(dict.fromkeys(each.name for each in errors))
    options = " ".join(f"--accept {name}" for name in names)
    return Refusal(sentences, f"Correct the data, choose otherwise, or accept it: {options}", names)
