"""`medtui preset`: read, check and write presets without running them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medtui.cli import options

if TYPE_CHECKING:
    from medtui.preset import Preset

app = typer.Typer(help="List, show, check and write presets.", no_args_is_help=True)


@app.command(name="list")
def list_presets(as_json: options.Json = False) -> None:
    """List the presets that come with medtui."""
    from medtui.cli.json_lines import print_object
    from medtui.cli.table import render_table
    from medtui.preset import describe_count, load_preset
    from medtui.resources import preset_names

    presets = {name: load_preset(name) for name in preset_names()}
    if as_json:
        for name, preset in presets.items():
            print_object({"preset": name, **_values(preset)})
        return
    rows = [
        [name, preset.data.card, describe_count(preset), preset.note]
        for name, preset in presets.items()
    ]
    print(render_table(("preset", "data", "runs", "note"), rows, num_keys=4))


@app.command(name="show")
def show_preset(
    preset: options.PresetName, overrides: options.Overrides = None, as_json: options.Json = False
) -> None:
    """Print a preset with all defaults filled in; comments are kept."""
    from medtui.cli.json_lines import print_object
    from medtui.preset import dump_preset, load_preset
    from medtui.preset.file import find_preset_path
    from medtui.preset.toml import read_text

    resolved = load_preset(preset, overrides or [])
    if as_json:
        print_object(_values(resolved))
    else:
        print(dump_preset(resolved, read_text(find_preset_path(preset))), end="")


def _values(preset: "Preset") -> dict[str, Any]:
    """Return a preset as plain values, with the `reference.seed` that programs may read."""
    values = preset.model_dump(by_alias=True, mode="json")
    values["reference"]["seed"] = preset.reference.seed
    return values


@app.command(name="check")
def check_presets(
    presets: Annotated[
        list[str],
        typer.Argument(
            metavar="PRESET...",
            help="Names of shipped presets, or files.",
            autocompletion=options.complete_preset,
        ),
    ],
) -> None:
    """Check presets without their data; report every problem with its line and remedy."""
    from medtui.cli import show_error
    from medtui.errors import MedtuiError
    from medtui.preset import load_preset

    exit_code = 0
    for name in presets:
        try:
            preset = load_preset(name)
        except MedtuiError as error:
            show_error(error)
            exit_code = error.exit_code
        else:
            print(f"{name}: valid, {_describe_runs(preset)}")
    raise typer.Exit(exit_code)


def _describe_runs(preset: "Preset") -> str:
    from medtui.preset import count_runs
    from medtui.units import plural

    return f"{'at most ' if preset.search else ''}{plural(count_runs(preset), 'run')}"


@app.command(name="schema")
def print_schema() -> None:
    """Print the JSON Schema of presets, for completion and checks in editors."""
    import json

    from medtui.preset import preset_schema

    print(json.dumps(preset_schema(), indent=2, ensure_ascii=False))


@app.command(name="new")
def write_preset(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")],
    like: Annotated[
        str,
        typer.Option(
            "--like",
            metavar="PRESET",
            help="The preset to start from.",
            autocompletion=options.complete_preset,
        ),
    ] = "demo",
    overrides: options.Overrides = None,
) -> None:
    """Write a new preset based on another one, including its comments."""
    from medtui.errors import UsageError
    from medtui.preset import dump_preset, load_preset
    from medtui.preset.file import find_preset_path
    from medtui.preset.toml import read_text

    if path.is_dir():
        raise UsageError(f"{path} is a folder.", hint=f"Name a file: {path / 'cells.toml'}")
    named = path.with_suffix(".toml") if not path.suffix else path
    begun = load_preset(like, [f'name="{named.stem}"', *(overrides or [])])
    text = dump_preset(begun, read_text(find_preset_path(like)))
    try:
        with named.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{named} already exists.", hint="Choose another name.") from error
    except OSError as error:
        raise UsageError(f"Could not write {named}: {error.strerror}.") from error
    print(named)
    print(f"Edit it, then start it: medtui --run {named}", file=sys.stderr)
