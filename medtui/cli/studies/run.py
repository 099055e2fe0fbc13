"""`medtui --run`: check a preset, start its study, and follow it."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from medtui.cli.follow.foreground import (
    OutputOptions,
    Session,
    announce,
    warn_of_end,
)
from medtui.cli.follow.signals import Interrupts
from medtui.cli.json_lines import print_object
from medtui.cli.run_lookup import Target
from medtui.cli.shown_path import shown_path
from medtui.cli.studies.dry_run import print_forecast
from medtui.comet.access import why_offline
from medtui.errors import MedtuiError
from medtui.jobs.launcher import preflight, start_study, stop_study
from medtui.jobs.standby import Standby
from medtui.jobs.worker_process import server_modules
from medtui.preset import Preset, describe_count, omit_runs
from medtui.preset.file import read_preset
from medtui.protocol.preflight import Preflight
from medtui.runs.folder import StudyFolder


@dataclass(frozen=True)
class RunOptions:
    """What `medtui --run` was asked for."""

    preset: str
    """A shipped name or a path."""
    overrides: Sequence[str]
    """`section.key=value` each."""
    runs_dir: Path
    is_dry: bool
    """Whether to show the grid and start nothing."""
    skips_impossible: bool
    """Whether cells that cannot work on the network are left out instead of being an error."""
    is_detached: bool
    """Whether to return once the study has started."""
    output: OutputOptions


def run_preset(asked: RunOptions) -> int:
    """Run a preset and return the exit code.

    Raises:
        MedtuiError: the preset cannot run; nothing was started.
    """
    with ExitStack() as stack:
        try:
            preset, source = read_preset(asked.preset, asked.overrides)
            announce(f"{preset.name}: checking the data and the grid", asked.output)
            standby = None if asked.is_dry else _start_standby(preset, stack)
            forecast = preflight(
                preset,
                source,
                is_measured=asked.is_dry,
                skips_impossible=asked.skips_impossible,
                server=standby.server if standby else None,
            )
            preset = omit_runs(preset, [cell.slug for cell in forecast.impossible])
        except MedtuiError as error:
            error.message += " Nothing was started."
            raise
        return _start_checked(asked, preset, forecast, standby)


def _start_standby(preset: Preset, stack: ExitStack) -> Standby | None:
    """Return a supervisor whose fork server has imported torch; None where there is none."""
    if sys.platform != "linux":
        return None
    try:
        standby = stack.enter_context(Standby((*server_modules(preset), "medtui.engine.preflight")))
    except OSError:
        return None  # the check and the study are started one by one, and report the reason
    standby.await_server()
    return standby


def _start_checked(
    asked: RunOptions, preset: Preset, forecast: Preflight, standby: Standby | None
) -> int:
    """Start a preset that was checked, and follow it; return the exit code.

    Raises:
        MedtuiError: the study could not be started.
    """
    if asked.is_dry:
        print_forecast(preset, forecast, as_json=asked.output.as_json)
        return 0
    for cell in forecast.impossible:
        announce(f"left out: {cell.slug}: {cell.reason}", asked.output)
    for note in forecast.notes:
        announce(f"note: {note}", asked.output)
    if preset.track.comet == "online" and (reason := why_offline()):
        announce(f"warning: Comet: {reason}; runs are recorded offline", asked.output)
    with Interrupts() as interrupts:
        study = start_study(preset, asked.runs_dir, standby)
        if asked.is_detached:
            _report_detached(study, asked.output)
            return 0
        where = shown_path(study.path)
        announce(f"{study.name}: {describe_count(preset)} runs in {where}", asked.output)
        session = Session(Target(study), asked.output, stop=lambda: stop_study(study))
        return session.follow(interrupts)


def _report_detached(study: StudyFolder, output: OutputOptions) -> None:
    if output.as_json:
        print_object({"study": study.name, "folder": str(study.path.resolve())})
    else:
        print(study.name)
    announce(f"{study.name} runs in the background. Follow it: medtui attach {study.name}", output)
    warn_of_end(output)
