"""Carries `medtui export` out: another process does the work, this one tells of it."""

import sys
from pathlib import Path

import msgspec

from medtui.cli import show_error
from medtui.cli.follow.foreground import shown_path
from medtui.cli.run_lookup import find_target
from medtui.cli.show.exports import describe_exports
from medtui.cli.show.summary import print_object
from medtui.errors import MedtuiError, UsageError
from medtui.jobs.export import ExportProcess
from medtui.runs.exporting import Answer, ExportPlan, Refused, Told, Written
from medtui.runs.exports import Export

INTERRUPTED = 130


def export_target(
    runs_dir: Path, name: str, plan: ExportPlan, *, as_json: bool, is_quiet: bool
) -> int:
    """Export a run, tell how far it is, print what came of it; give the exit code.

    Raises:
        MedtuiError: there is no such run, or the process vanished.
    """
    target = find_target(runs_dir, name)
    if target.run is None:
        raise UsageError(
            f"{target.name} is a study; a model is one run's.",
            hint=f"For example: medtui export {target.name}/reference",
        )
    folder = plan.folder or str(target.run.exports.resolve())
    process = ExportProcess(target.run, msgspec.structs.replace(plan, folder=folder))
    written: list[Export] = []

    def hear(answer: Answer) -> None:
        match answer:
            case Told(text):
                if not is_quiet:
                    print(text, file=sys.stderr, flush=True)
            case Refused(message, hint):
                show_error(MedtuiError(message, hint=hint))
            case Written(export):
                written.append(export)
                _show_path(export, Path(folder), as_json=as_json)

    try:
        refused = process.follow(hear)
    except KeyboardInterrupt:
        process.cancel()
        print("medtui: called off; no half a file is left.", file=sys.stderr)
        return INTERRUPTED
    if written and not as_json:
        print(f"\n{describe_exports(written)}")
    return max((each.exit_code for each in refused), default=0)


def _show_path(export: Export, folder: Path, *, as_json: bool) -> None:
    path = folder / export.file
    if as_json:
        print_object({"path": str(path), **msgspec.to_builtins(export)})
    else:
        print(shown_path(path), flush=True)
