"""`medtui runs pack`: writes studies into one file that opens elsewhere to look at."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medtui.cli import options
from medtui.units import format_bytes, plural

if TYPE_CHECKING:
    from medtui.monitor.study_feed import StudyFeed
    from medtui.runs.folder import RunFolder
    from medtui.sharing.members import Chosen

_UNDER_WAY = frozenset({"running", "waiting", "silent"})
"""States of runs that somebody computes, or may compute elsewhere."""


Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        dir_okay=False,
        help="The file to write [default: STUDY.zip, STUDY-pseudonymised.zip].",
    ),
]
Key = Annotated[
    Path | None,
    typer.Option(
        "--key",
        metavar="FILE",
        dir_okay=False,
        help="With --pseudonymise: also write which name stands for whom. Do not share it.",
    ),
]


def pack_runs(
    ctx: typer.Context,
    studies: options.Studies,
    output: Output = None,
    pseudonymise: options.Pseudonymise = False,
    key: Key = None,
    quiet: options.Quiet = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Pack studies into one file: `medtui --runs-dir FILE` opens it elsewhere, to look at.

    Runs that are being computed are left out and named. With --pseudonymise, names of patients,
    images, files, folders, users and machines are replaced.
    """
    from medtui.cli.run_lookup import find_studies, read_study
    from medtui.errors import UsageError
    from medtui.sharing.members import Chosen
    from medtui.sharing.shared_packs import pack, pack_pseudonymised

    if key is not None and not pseudonymise:
        raise UsageError("--key belongs to --pseudonymise: without it no name is replaced.")
    folder = options.readable_runs_dir_of(ctx, runs_dir)
    feeds = [read_study(study) for study in find_studies(folder, studies)]
    chosen = [Chosen(feed.folder, tuple(_ended(feed))) for feed in feeds]
    left_out = [sentence for feed in feeds for sentence in _left_out(feed)]
    if not any(each.runs for each in chosen):
        raise UsageError("No run is at rest: there is nothing to pack yet.")
    _require_whole(chosen)
    path = output or Path(f"{feeds[0].folder.name}{'-pseudonymised' * pseudonymise}.zip")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is no folder.", hint="Create it, or name another file.")
    if pseudonymise:
        manifest = pack_pseudonymised(path, chosen, left_out, key)
    else:
        manifest = pack(path, chosen, left_out)
    for sentence in left_out:
        print(f"medtui: left out: {sentence}", file=sys.stderr)
    if not quiet:
        _describe(path, len(manifest.files))
    print(path)


def _describe(path: Path, num_files: int) -> None:
    """Write the size of a pack to stderr, and how it is opened."""
    counted = f"{plural(num_files, 'file')}, {format_bytes(path.stat().st_size)}"
    print(f"medtui: {counted}; to open it: medtui --runs-dir {path}", file=sys.stderr)


def _ended(feed: "StudyFeed") -> "Iterator[RunFolder]":
    """Yield the runs that nobody computes."""
    yield from (run.folder for run in feed.runs if run.status not in _UNDER_WAY)


def _left_out(feed: "StudyFeed") -> Iterator[str]:
    for run in feed.runs:
        if run.status in _UNDER_WAY:
            yield f"{run.folder.full_name}: {run.status}"


def _require_whole(chosen: "Sequence[Chosen]") -> None:
    """Raise for a file that is not what was written, before it is passed on.

    Raises:
        UsageError: a file is missing or damaged.
    """
    from medtui.errors import UsageError
    from medtui.runs.ledger_checks import check_ledger
    from medtui.runs.verification import verify_run

    for each in chosen:
        checks = [check_ledger(each.study), *(verify_run(run) for run in each.runs)]
        for check in (check for found in checks for check in found if check.is_bad):
            if "checkpoint" not in check.path.parts:
                raise UsageError(
                    f"{check.path} is {check.state}: {check.reason}. Nothing was packed.",
                    hint="`medtui runs verify` lists all such files.",
                )
