"""Runs the export's process for `medtui export` and shows its progress."""

import sys
from pathlib import Path
from typing import assert_never

import msgspec

from medtui.cli import show_error
from medtui.cli.follow.signals import INTERRUPTED
from medtui.cli.json_lines import print_object
from medtui.cli.run_lookup import find_run
from medtui.cli.show.exports import describe_exports
from medtui.cli.shown_path import shown_path
from medtui.errors import MedtuiError
from medtui.jobs.export import ExportProcess
from medtui.protocol.export import ExportMessage, ExportPlan, FileWritten, FormatFailed
from medtui.protocol.outcome import Progress
from medtui.runs.exports import Export, read_record


def export_target(
    runs_dir: Path, name: str, plan: ExportPlan, *, as_json: bool, is_quiet: bool
) -> int:
    """Export a run, show progress, print the files and return the exit code.

    Raises:
        MedtuiError: there is no such run, or nothing could be written.
    """
    run = find_run(
        runs_dir,
        name,
        refusal="but only a single run can be exported",
        example="medtui export STUDY/reference",
    )
    folder = plan.folder or str(run.exports.resolve())
    process = ExportProcess(run, msgspec.structs.replace(plan, folder=folder))
    written: list[Export] = []

    def handle(message: ExportMessage) -> None:
        match message:
            case Progress(text):
                if not is_quiet:
                    print(text, file=sys.stderr, flush=True)
            case FormatFailed():
                show_error(MedtuiError(message.message, hint=message.hint))
            case FileWritten(file):
                path = Path(folder) / file
                written.append(read_record(path))
                _show_path(written[-1], path, as_json=as_json)
            case _:
                assert_never(message)

    try:
        failed = process.follow(handle)
    except KeyboardInterrupt:
        process.cancel()
        print("medtui: Cancelled. No partial files were left.", file=sys.stderr)
        return INTERRUPTED
    if written and not as_json:
        print(f"\n{describe_exports(written)}")
    return max((each.exit_code for each in failed), default=0)


def _show_path(export: Export, path: Path, *, as_json: bool) -> None:
    if as_json:
        print_object({"path": str(path), **msgspec.to_builtins(export)})
    else:
        print(shown_path(path), flush=True)
