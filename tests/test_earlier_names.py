"""Names that users of version 0.1.0 typed or parsed: presets, columns, options, actions, JSON."""

import pkgutil
import shutil
from importlib import import_module
from pathlib import Path

import msgspec
import pytest
import typer
from textual.binding import Binding

import medtui.tui
from medtui.analysis.columns import column_named
from medtui.analysis.filters import parse_filter
from medtui.cli.root import app
from medtui.datasets.card import load_card
from medtui.metrics import metric_named
from medtui.preset import load_preset
from medtui.runs.bench_record import Bench
from medtui.runs.exports import Export
from medtui.runs.status import FORMER_STATUSES
from medtui.tui.bindings import current_names
from tests.helpers.earlier_version import (
    FIRST_VERSION,
    call_medtui,
    copy_study,
    key_paths,
    read_fixture,
)
from tests.helpers.paths import RECORDED

INTERFACE = read_fixture("interface.json")
"""Columns, metrics, actions, and the options of each command."""

JSON_FIELDS = read_fixture("json-fields.json")
"""`commands`: a command to the keys that it printed; `structs`: a record to its keys."""


def _agree(earlier: object, today: object, at: str) -> None:
    """Assert that every key of the earlier value is there today, with an equal value."""
    if isinstance(earlier, dict) and isinstance(today, dict):
        for key, value in earlier.items():
            assert key in today, f"{at}.{key} is gone"
            _agree(value, today[key], f"{at}.{key}")
    elif isinstance(earlier, list) and isinstance(today, list):
        assert len(earlier) == len(today), at
        for number, (left, right) in enumerate(zip(earlier, today, strict=True)):
            _agree(left, right, f"{at}[{number}]")
    else:
        assert earlier == today, at


@pytest.mark.parametrize("name", read_fixture("presets/resolved.json"))
def test_presets_resolve_to_the_same_values(name: str) -> None:
    """A shipped preset of 0.1.0 parses today to what it parsed to then."""
    preset = load_preset(str(FIRST_VERSION / "presets" / f"{name}.toml"))
    today = preset.model_dump(by_alias=True, mode="json")
    earlier = read_fixture("presets/resolved.json")[name]
    earlier["reference"]["seeds"] = [earlier["reference"].pop("seed")]  # now a list
    _agree(earlier, today, name)


@pytest.mark.parametrize("name", read_fixture("cards/resolved.json"))
def test_cards_resolve_to_the_same_values(name: str) -> None:
    """A shipped card of 0.1.0 parses today to what it parsed to then."""
    card, _ = load_card(str(FIRST_VERSION / "cards" / name))
    _agree(read_fixture("cards/resolved.json")[name], card.model_dump(by_alias=True, mode="json"),
           name)  # fmt: skip


@pytest.mark.parametrize("name", INTERFACE["columns"])
def test_columns_are_found_by_their_names(name: str) -> None:
    """`--columns`, `--sort` and filters take every column's name of 0.1.0."""
    column = column_named(name)
    parse_filter(f"{name}=none")
    parse_filter(f"{name}~x")
    if not column.is_text:
        parse_filter(f"{name}<0.5")


@pytest.mark.parametrize(("former", "today"), [("lost", "crashed"), ("failed", "failed")])
def test_states_are_found_by_their_names(former: str, today: str) -> None:
    """Home's filter takes the states' names of 0.1.0."""
    assert FORMER_STATUSES.get(former, former) == today


@pytest.mark.parametrize("name", INTERFACE["metrics"])
def test_metrics_are_found_by_their_names(name: str) -> None:
    """Presets name the metric of a published number; results of 0.1.0 hold its values."""
    assert metric_named(name) is not None


def _action_names() -> set[str]:
    """Return the names by which the settings file can bind keys to actions today."""
    classes = {
        value
        for module in pkgutil.walk_packages(medtui.tui.__path__, "medtui.tui.")
        for value in vars(import_module(module.name)).values()
        if isinstance(value, type) and value.__module__.startswith("medtui.")
    }
    bindings = [each for kind in classes for each in vars(kind).get("BINDINGS", ())]
    return {each.id for each in bindings if isinstance(each, Binding) and each.id}


def test_actions_are_found_by_their_names() -> None:
    """`[keys]` of a settings file of 0.1.0 binds every action that it named."""
    typed = dict.fromkeys(INTERFACE["actions"], "f9")
    assert set(current_names(typed)) - _action_names() == set()


@pytest.mark.parametrize("command", INTERFACE["options"])
def test_options_are_accepted(command: str) -> None:
    """Every command and option of 0.1.0 is known today."""
    found = typer.main.get_command(app)
    for word in command.split():
        found = found.commands[word]  # type: ignore[attr-defined]
    known = {"-h", "--help"} | {
        option
        for each in found.params
        if each.param_type_name == "option"
        for option in (*each.opts, *each.secondary_opts)
    }
    assert set(INTERFACE["options"][command]) - known == set()


@pytest.mark.parametrize(
    "arguments", [["engine"], ["engine", "--set", "steps=8"], ["study", "--images", "folder"]]
)
def test_bench_engine_names_the_program_that_replaced_it(arguments: list[str]) -> None:
    """What moved out of the package is a usage error that names where it is."""
    answer = call_medtui("bench", *arguments)
    assert answer.code == 2
    assert "python -m benchmarks.engine_ablation" in answer.stderr


@pytest.mark.parametrize("command", JSON_FIELDS["commands"])
def test_json_keeps_its_keys(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--json` prints every key of 0.1.0, here on studies that 0.1.0 recorded."""
    runs_dir = tmp_path / "runs"
    for name in ("cells", "films"):
        copy_study(RECORDED / name, runs_dir)
    if command == "runs list":  # as it was recorded
        shutil.copytree(RECORDED / "search", runs_dir / "search")
    monkeypatch.chdir(tmp_path)
    answer = call_medtui(*command.split(), "--json")
    assert answer.code in {0, 3}, answer.stderr  # 3: `doctor` found what this machine lacks
    keys = {path for each in answer.objects for path in key_paths(each)}
    assert set(JSON_FIELDS["commands"][command]) - keys == set()


@pytest.mark.parametrize("kind", [Bench, Export])
def test_json_of_measurements_and_exports_keeps_its_keys(kind: type[msgspec.Struct]) -> None:
    """`bench --json` and `export --json` print the stored record: its keys are those of 0.1.0."""
    schema = msgspec.json.schema(kind)
    keys = set(_schema_paths(schema, schema["$defs"], "", ()))
    assert set(JSON_FIELDS["structs"][kind.__name__.lower()]) - keys == set()


def _schema_paths(node: dict, kinds: dict, at: str, above: tuple[str, ...]) -> list[str]:
    """Return the dotted paths of a JSON schema's keys; a record within itself is left out."""
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        return [] if name in above else _schema_paths(kinds[name], kinds, at, (*above, name))
    found = []
    for each in node.get("anyOf", []):
        found += _schema_paths(each, kinds, at, above)
    for key, value in node.get("properties", {}).items():
        path = f"{at}.{key}" if at else key
        found += [path, *_schema_paths(value, kinds, path, above)]
    if isinstance(node.get("items"), dict):
        found += _schema_paths(node["items"], kinds, f"{at}[]", above)
    return found
