"""`medtui config`: the application's settings file."""

import sys

import typer

app = typer.Typer(help="Show the application's settings: theme and keys.", no_args_is_help=True)


@app.command(name="path")
def print_path() -> None:
    """Print the path of the settings file, whether or not it exists."""
    from medtui.tui.settings import settings_path

    print(settings_path())


@app.command(name="show")
def show_settings() -> None:
    """Check and print the settings; without a file, print an example with the defaults."""
    from medtui.preset.toml import read_text
    from medtui.tui.settings import EXAMPLE, load_settings, settings_path

    path = settings_path()
    load_settings()
    if path.exists():
        print(read_text(path), end="")
    else:
        print(f"{path} does not exist; these are the defaults:", file=sys.stderr)
        print(EXAMPLE, end="")
