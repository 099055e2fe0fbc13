"""Schemas of presets: defaults of earlier ones, shipped presets, and presets of recorded runs."""

import json
from pathlib import Path

import pytest
import tomli

from medtui.preset import Preset, load_preset, parse_preset
from medtui.preset.schema import FORMER_DEFAULTS, SCHEMA_VERSION
from medtui.resources import find_preset, preset_names
from tests.helpers.earlier_version import INTERRUPTED
from tests.helpers.paths import RECORDED, REPOSITORY

SMALL = 'name = "t"\ndata.card = "demo"\n'

SHIPPED = [name for name in preset_names() if not name.startswith("study/")]
"""Presets of the study state theirs by themselves."""


SEARCH = '[search]\nscheme = ["Prune"]\n'


def _value(preset: Preset, key: str) -> object:
    section, _, name = key.partition(".")
    return getattr(getattr(preset, section), name)


def _word(value: object) -> str:
    """Return a value as TOML."""
    return json.dumps(value)


@pytest.mark.parametrize("key", FORMER_DEFAULTS)
def test_absent_keys_have_the_defaults_of_the_schema(key: str) -> None:
    """A preset without a schema is one of schema 1, and a key that is named has its value."""
    former = FORMER_DEFAULTS[key][1]
    newest = _value(parse_preset(f"schema = 2\n{SMALL}{SEARCH}", "t"), key)
    assert newest != former
    for line in ("", "schema = 1\n"):
        assert _value(parse_preset(f"{line}{SMALL}{SEARCH}", "t"), key) == former
    if newest is not None:
        section, _, name = key.partition(".")
        named = {"search": {"scheme": ["Prune"]}}
        named[section] = {**named.get(section, {}), name: newest}
        lines = [
            f"{at}.{each} = {_word(value)}" for at in named for each, value in named[at].items()
        ]
        text = "\n".join(["schema = 1", SMALL, *lines])
        assert _value(parse_preset(text, "t"), key) == newest


def test_the_guide_lists_every_default_that_changed() -> None:
    """With the value of schema 1, and where it is one value that of schema 2."""
    guide = (REPOSITORY / "docs/how-to/write-a-preset.md").read_text(encoding="utf-8")
    newest = parse_preset(f"schema = 2\n{SMALL}{SEARCH}", "t")
    for key, defaults in FORMER_DEFAULTS.items():
        value = _value(newest, key)
        row = f"| `{key}` | `{_word(defaults[1])}` |"
        assert (row if value is None else f"{row} `{_word(value)}` |") in guide


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_presets_are_of_the_newest_schema(name: str) -> None:
    """They have a control, jackknife intervals and all other defaults of the schema."""
    path = find_preset(name)
    assert path is not None
    table = tomli.loads(path.read_text(encoding="utf-8"))
    assert table["schema"] == SCHEMA_VERSION
    preset = load_preset(name)
    newest = parse_preset(f"schema = 2\n{SMALL}{SEARCH}", "t")
    for key in FORMER_DEFAULTS:
        section, _, entry = key.partition(".")
        if getattr(preset, section) is not None and entry not in table.get(section, {}):
            assert _value(preset, key) == _value(newest, key), key


RESOLVED = sorted([*INTERRUPTED.rglob("preset.toml"), *RECORDED.rglob("preset.toml")])


@pytest.mark.parametrize("path", RESOLVED, ids=lambda path: "-".join(path.parts[-3:-1]))
def test_recorded_presets_resolve_to_their_old_values(path: Path) -> None:
    """What a recorded preset names stays; what it leaves out has the default of its schema."""
    table = tomli.loads(path.read_text(encoding="utf-8"))
    assert table.get("schema", 1) == 1
    preset = load_preset(str(path))
    for key, defaults in FORMER_DEFAULTS.items():
        section, _, name = key.partition(".")
        if getattr(preset, section) is not None:
            named = table.get(section, {}).get(name, defaults[1])
            value = _value(preset, key)
            assert (list(value) if isinstance(value, tuple) else value) == (
                list(named) if isinstance(named, tuple) else named
            ), key
