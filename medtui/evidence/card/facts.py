"""Facts of a card: each value with the file and the key that it comes from."""

from collections.abc import Callable
from typing import Any

import msgspec

from medtui.evidence.card.documents import Documents, try_value
from medtui.units import MISSING, SEALED


class Fact(msgspec.Struct, frozen=True):
    """A value that the card shows."""

    file: str
    """The file, relative to the study."""
    key: str
    """JSON pointer within it, see `documents`."""
    value: Any
    """As it stands there."""
    shown: str
    """As the card shows it."""


class Facts:
    """The facts of a card, in the order of reading."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.all: list[Fact] = []

    def has(self, file: str, key: str) -> bool:
        """Return whether there is such a value."""
        return try_value(self.documents, file, key) is not None

    def raw(self, file: str, key: str) -> Any:  # noqa: ANN401 - a value of a JSON or TOML file
        """Return a value that only decides what is shown; None where there is none."""
        return try_value(self.documents, file, key)

    def show(self, file: str, key: str, show: Callable[[Any], str] = str) -> str:
        """Return a value as it is shown, and keep it; `sealed` or a dash where there is none."""
        value = try_value(self.documents, file, key)
        if value is None:
            is_result = file.endswith("result.json") and key.startswith("/test/")
            is_sealed = is_result and self.documents.record.result.is_sealed
            return SEALED if is_sealed else MISSING
        text = show(value)
        self.all.append(Fact(file, key, value, text))
        return text


def source(file: str, *keys: str) -> str:
    """Return where a row's values come from: `result.json: /test/metrics/accuracy`."""
    return f"{file}: {', '.join(keys)}"
