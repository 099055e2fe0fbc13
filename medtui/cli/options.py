"""Options and arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer
from typer.models import OptionInfo

from medtui.user_folders import expand_home


def complete_target(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of studies and runs that begin with what was typed."""
    from medtui.cli.run_lookup import target_names

    given = ctx.find_root().params.get("runs_dir")
    names = target_names(chosen_runs_dir(given))
    return [name for name in names if name.startswith(incomplete)]


def complete_preset(incomplete: str) -> list[str]:
    """Return the names of shipped presets that begin with what was typed."""
    from medtui.resources import preset_names

    return [name for name in preset_names() if name.startswith(incomplete)]


def set_option(help_text: str) -> OptionInfo:
    """Return the option `--set KEY=VALUE`, which may be repeated."""
    option: OptionInfo = typer.Option("--set", metavar="KEY=VALUE", help=help_text)
    return option


RunsDir = Annotated[
    Path | None,
    typer.Option(
        "--runs-dir",
        metavar="DIR",
        help="Folder that holds the studies, or a packed study to look at "
        "[default: MEDTUI_RUNS_DIR, else ./runs].",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Suppress progress output.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the workers' logs as well.")]
Detach = Annotated[
    bool, typer.Option("--detach", "-d", help="Return as soon as the study has started.")
]
Overrides = Annotated[
    list[str] | None,
    set_option("Override a key of the preset, for example lc.steps=10."),
]
Pseudonymise = Annotated[
    bool,
    typer.Option(
        "--pseudonymise",
        help="Replace names of patients, images, files, folders, users and machines.",
    ),
]
Device = Annotated[
    str, typer.Option("--device", metavar="DEVICE", help="auto, cpu, cuda or cuda:1.")
]
Threads = Annotated[
    int,
    typer.Option(
        "--threads", min=0, help="CPU threads [default: the reference's].", show_default=False
    ),
]
Target = Annotated[
    str,
    typer.Argument(
        metavar="STUDY|RUN",
        help="A study, or a run as STUDY/RUN; the run's name alone is enough if it is unique.",
        autocompletion=complete_target,
    ),
]
Studies = Annotated[
    list[str],
    typer.Argument(metavar="STUDY...", help="One or more studies.", autocompletion=complete_target),
]
PresetName = Annotated[
    str,
    typer.Argument(
        metavar="PRESET",
        help="Name of a shipped preset, or a file.",
        autocompletion=complete_preset,
    ),
]


def chosen_runs_dir(*given: Path | None) -> Path:
    """Return the first runs folder that was given, else the default one."""
    from medtui.runs.runs_dir import default_runs_dir

    return next((expand_home(path) for path in given if path is not None), default_runs_dir())


def given_runs_dir(ctx: typer.Context, given: Path | None) -> Path:
    """Return the runs folder given after the command, else before it, else the default one."""
    return chosen_runs_dir(given, ctx.find_root().obj)


def runs_dir_of(ctx: typer.Context, given: Path | None) -> Path:
    """Return the runs folder of a command that may write into it.

    Raises:
        UsageError: it is a packed study.
    """
    path = given_runs_dir(ctx, given)
    if path.is_file():
        from medtui.errors import UsageError

        raise UsageError(
            f"{path} is a file. A packed study can only be looked at, and this command writes.",
            hint=f"Unpack it first: python -m zipfile -e {path} runs",
        )
    return path


def readable_runs_dir_of(ctx: typer.Context, given: Path | None) -> Path:
    """Return the runs folder of a command that reads alone; a packed study is unpacked for it.

    Raises:
        MedtuiError: the pack is damaged, or there is no room for it.
    """
    path = given_runs_dir(ctx, given)
    if not path.is_file():
        return path
    from medtui.sharing.opening import open_pack

    return open_pack(path)
