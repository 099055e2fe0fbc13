"""Schemas of presets: defaults of earlier ones, shipped presets, and presets of recorded runs."""

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


def _value(preset: Preset, key: str) -> object:
    section, _, name = key.partition(".")
    return getattr(getattr(preset, section), name)


@pytest.mark.parametrize("key", FORMER_DEFAULTS)
def test_absent_keys_have_the_defaults_of_the_schema(key: str) -> None:
    """A preset without a schema is one of schema 1, and a key that is named has its value."""
    former = FORMER_DEFAULTS[key][1]
    newest = _value(parse_preset(f"schema = 2\n{SMALL}", "t"), key)
    assert newest != former
    for line in ("", "schema = 1\n"):
        assert _value(parse_preset(f"{line}{SMALL}", "t"), key) == former
    word = str(newest).lower() if isinstance(newest, bool) else f'"{newest}"'
    assert _value(parse_preset(f"schema = 1\n{SMALL}{key} = {word}\n", "t"), key) == newest


def test_the_guide_lists_every_default_that_changed() -> None:
    """With both values."""
    guide = (REPOSITORY / "docs/how-to/write-a-preset.md").read_text(encoding="utf-8")
    newest = parse_preset(f"schema = 2\n{SMALL}", "t")
    for key, defaults in FORMER_DEFAULTS.items():
        words = [
            str(each).lower() if isinstance(each, bool) else f'"{each}"'
            for each in (defaults[1], _value(newest, key))
        ]
        assert f"| `{key}` | `{words[0]}` | `{words[1]}` |" in guide


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_presets_are_of_the_newest_schema(name: str) -> None:
    """They have a control, jackknife intervals and a margin."""
    path = find_preset(name)
    assert path is not None
    assert tomli.loads(path.read_text(encoding="utf-8"))["schema"] == SCHEMA_VERSION
    preset = load_preset(name)
    for key, defaults in FORMER_DEFAULTS.items():
        assert _value(preset, key) != defaults[1], key


RESOLVED = sorted([*INTERRUPTED.rglob("preset.toml"), *RECORDED.rglob("preset.toml")])


@pytest.mark.parametrize("path", RESOLVED, ids=lambda path: "-".join(path.parts[-3:-1]))
def test_recorded_presets_resolve_to_their_old_values(path: Path) -> None:
    """What a recorded preset names stays; what it leaves out has the default of its schema."""
    table = tomli.loads(path.read_text(encoding="utf-8"))
    assert table.get("schema", 1) == 1
    preset = load_preset(str(path))
    for key, defaults in FORMER_DEFAULTS.items():
        section, _, name = key.partition(".")
        named = table.get(section, {}).get(name, defaults[1])
        assert _value(preset, key) == named == defaults[1], key
