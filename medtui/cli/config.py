"""`medtui config`: where the application's settings are, and what they say."""

import sys

import typer

app = typer.Typer(help="The application's settings: look and keys.", no_args_is_help=True)


@app.command(name="path")
def print_path() -> None:
    """Print where the settings are, whether or not there are any."""
    from medtui.tui.settings import config_path

    print(config_path())


@app.command(name="show")
def show_settings() -> None:
    """Print the settings once they are checked; without a file, an example with the defaults."""
    from medtui.tui.settings import EXAMPLE, config_path, load_config

    path = config_path()
    load_config()
    if path.is_file():
        print(path.read_text(encoding="utf-8"), end="")
    else:
        print(f"{path} is not there; these are the defaults:", file=sys.stderr)
        print(EXAMPLE, end="")
