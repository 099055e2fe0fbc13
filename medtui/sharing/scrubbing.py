"""Replaces names and paths in sentences, JSON values and presets."""

import re
from functools import lru_cache
from typing import Any

from medtui.preset import Preset, TrackSettings, dump_preset, parse_preset
from medtui.resources import find_card
from medtui.sharing.pseudonyms import WITHHELD, Pseudonyms
from medtui.sharing.words import Words

_PATH = re.compile(r"""(?<![\w.:/])(?:file:)?~?(?:/[^\s/"'`,;:()<>|]+){2,}/?""")
"""An absolute path of two parts or more, and one below a home directory; no address."""

_FIELD = re.compile(r"[a-z_]+")
"""Names of fields, by which readers find values."""


class Scrubber:
    """Replaces what identifies someone, by one set of pseudonyms."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self.pseudonyms = pseudonyms
        self.words = Words(pseudonyms.replacements)
        self.text = lru_cache(maxsize=4096)(self._text)
        """Returns a sentence without names and paths; logs repeat few."""

    def _text(self, text: str) -> str:
        return without_paths(self.words.replace(text))

    def tree(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        """Return a JSON value with every text in it replaced, keys too but for names of fields."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self._key(key): self.tree(inner) for key, inner in value.items()}
            case list():
                return [self.tree(inner) for inner in value]
            case _:
                return value

    def _key(self, key: str) -> str:
        return key if _FIELD.fullmatch(key) else self.text(key)


def without_paths(text: str) -> str:
    """Return a text with every absolute path replaced."""
    return _PATH.sub(WITHHELD, text) if "/" in text else text


def shared_preset(text: str, origin: str) -> str:
    """Return a preset without notes, places, trackers and clusters.

    Raises:
        DocumentError: the text is no preset.
    """
    return dump_preset(shared_settings(parse_preset(text, origin)))


def shared_settings(preset: Preset) -> Preset:
    """Return settings without notes, places, trackers and clusters; numbers stay."""
    model, machine = preset.model, preset.machine
    return preset.model_copy(
        update={
            "note": "",
            "data": preset.data.model_copy(update=_place(preset.data.card, preset.data.root)),
            "external": tuple(
                site.model_copy(update=_place(site.card, site.root)) for site in preset.external
            ),
            "model": model.model_copy(
                update={"weights": _withheld(model.weights), "init": _withheld(model.init)}
            ),
            "machine": machine.model_copy(update={"scheduler": "local"}),
            "slurm": None,
            "ray": None,
            "track": TrackSettings(),
        }
    )


def _place(card: str, root: str) -> dict[str, str]:
    """Return card and root; the name of a shipped card stays."""
    is_shipped = re.fullmatch(r"[\w-]+", card) is not None and find_card(card) is not None
    return {"card": card if is_shipped else WITHHELD, "root": _withheld(root)}


def _withheld(path: str) -> str:
    return WITHHELD if path else ""
