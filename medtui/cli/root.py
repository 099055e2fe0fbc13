"""The root command: `medtui` opens the application, `medtui --run` runs a preset without it."""

import sys
from typing import Annotated

import typer

from medtui import __version__
from medtui.cli import config, doctor, options, preset, report
from medtui.cli.data import group as data
from medtui.cli.evidence import card, gate
from medtui.cli.models import bench, evaluate, export, predict
from medtui.cli.runs import group as runs
from medtui.cli.studies import extend, lifecycle
from medtui.cli.trackers import comet, track

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(name="resume")(lifecycle.resume)
app.command(name="extend")(extend.extend)
app.command(name="stop")(lifecycle.stop)
app.command(name="attach")(lifecycle.attach)
app.command(name="doctor")(doctor.doctor)
app.command(name="bench")(bench.bench)
app.command(name="export")(export.export)
app.command(name="card")(card.card)
app.command(name="evaluate")(evaluate.evaluate)
app.command(name="gate")(gate.gate)
app.command(name="predict")(predict.predict)
app.command(name="report")(report.report)
app.command(name="track")(track.track)
app.add_typer(runs.app, name="runs")
app.add_typer(preset.app, name="preset")
app.add_typer(config.app, name="config")
app.add_typer(data.app, name="data")
app.add_typer(comet.app, name="comet")


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print(f"medtui {__version__}")
        raise typer.Exit


PresetToRun = Annotated[
    str | None,
    typer.Option(
        "--run",
        metavar="PRESET",
        help="Run a preset (a shipped name or a file) without the application.",
        autocompletion=options.complete_preset,
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what the preset would run, without starting it.")
]
SkipImpossible = Annotated[
    bool,
    typer.Option("--skip-impossible", help="Leave out runs that cannot work on the network."),
]
Device = Annotated[
    str | None,
    typer.Option("--device", metavar="DEVICE", help="Device: auto, cpu, cuda or cuda:1."),
]
Ascii = Annotated[
    bool, typer.Option("--ascii", help="Draw the application with ASCII characters only.")
]
ReadOnly = Annotated[
    bool,
    typer.Option(
        "--read-only", help="Open the application to look only: it changes no file of a run."
    ),
]
Version = Annotated[
    bool,
    typer.Option(
        "--version", help="Show the version and exit.", callback=_print_version, is_eager=True
    ),
]


@app.callback(invoke_without_command=True)
def medtui(
    ctx: typer.Context,
    run: PresetToRun = None,
    overrides: options.Overrides = None,
    dry_run: DryRun = False,
    skip_impossible: SkipImpossible = False,
    detach: options.Detach = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    runs_dir: options.RunsDir = None,
    device: Device = None,
    ascii_only: Ascii = False,
    read_only: ReadOnly = False,
    _version: Version = False,
) -> None:
    """Compress medical image classifiers with Condensa and follow the runs in a terminal.

    Without options, open the application. Exit codes: 0 done, 1 a run failed or was stopped,
    2 wrong usage or preset, 3 data, device or disk missing, 129/130/143 ended by a signal.
    """
    ctx.obj = runs_dir
    if ctx.invoked_subcommand is not None:
        if run is not None:
            raise typer.BadParameter(f"--run cannot be combined with `{ctx.invoked_subcommand}`.")
        return
    if run is None:
        _refuse_orphans(ctx)
        raise typer.Exit(_open_application(ctx, ascii_only=ascii_only, read_only=read_only))
    from medtui.cli.follow.foreground import OutputOptions
    from medtui.cli.studies.run import RunOptions, run_preset

    overrides = [*(overrides or []), *([f"machine.device={device}"] if device else [])]
    asked = RunOptions(
        run, overrides, options.runs_dir_of(ctx, None), is_dry=dry_run,
        skips_impossible=skip_impossible, is_detached=detach,
        output=OutputOptions(as_json, quiet, verbose),
    )  # fmt: skip
    raise typer.Exit(run_preset(asked))


def _refuse_orphans(ctx: typer.Context) -> None:
    """Raise an error for options that need `--run`, instead of ignoring them."""
    spelled = {"overrides": "--set", "dry_run": "--dry-run",
               "skip_impossible": "--skip-impossible", "detach": "--detach",
               "as_json": "--json", "quiet": "--quiet", "verbose": "-v",
               "device": "--device"}  # fmt: skip
    for name, option in spelled.items():
        if ctx.params.get(name):
            raise typer.BadParameter(f"{option} needs --run PRESET.")


def _open_application(ctx: typer.Context, *, ascii_only: bool, read_only: bool) -> int:
    from medtui.errors import UsageError

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "The application needs a terminal, but input or output is not one.",
            hint="Without a terminal use: medtui --run PRESET, medtui runs list, medtui --help.",
        )
    folder = options.readable_runs_dir_of(ctx, None)
    is_pack = folder != options.given_runs_dir(ctx, None)
    from medtui.tui.launch import run_app

    return run_app(folder, ascii_only=ascii_only, is_read_only=read_only or is_pack)
