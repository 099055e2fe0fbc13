"""`medtui card`: a run's model card, and whether it still agrees with the files."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from medtui.cli import options
from medtui.units import plural

Run = Annotated[
    str | None,
    typer.Argument(metavar="RUN", help="A finished run.", autocompletion=options.complete_target),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        dir_okay=False,
        help="An .md file; a .json file is written beside it [default: STUDY-RUN-card.md].",
    ),
]
Answers = Annotated[
    Path | None,
    typer.Option("--answers", metavar="FILE", help="What a person says, a TOML file."),
]
Questions = Annotated[bool, typer.Option("--questions", help="Print a file of answers to fill in.")]
Verify = Annotated[
    Path | None,
    typer.Option("--verify", metavar="FILE", help="Check a card's .json file instead."),
]


def card(
    ctx: typer.Context,
    target: Run = None,
    output: Output = None,
    answers: Answers = None,
    questions: Questions = False,
    verify: Verify = None,
    as_json: options.Json = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Write a run's model card and data sheet, in which every number names its file and key.

    What no file tells is marked [NEEDS INPUT]. With --verify, check files, numbers and ledger
    against a card; the exit code is 1 if anything has changed.
    """
    from medtui.errors import UsageError

    folder = options.readable_runs_dir_of(ctx, runs_dir)
    if questions:
        from medtui.evidence.card.questions import template

        print(template(), end="")
    elif verify is not None:
        raise typer.Exit(_verify(folder, verify, as_json=as_json))
    elif target is None:
        raise UsageError("Name a run: medtui card STUDY/RUN.")
    else:
        _write(folder, target, output, answers)


def _write(runs_dir: Path, target: str, output: Path | None, answers: Path | None) -> None:
    from medtui.analysis.run_record import read_run_records
    from medtui.cli.run_lookup import find_run
    from medtui.errors import UsageError
    from medtui.evidence.card.build import build_card
    from medtui.evidence.card.markdown import card_markdown
    from medtui.evidence.card.questions import read_answers
    from medtui.evidence.card.record import card_json
    from medtui.runs.atomic_file import publish_bytes, publish_text
    from medtui.user_folders import expand_home

    run = find_run(
        runs_dir,
        target,
        refusal="and a card is of one run",
        example="medtui card STUDY/reference",
    )
    records, problems = read_run_records([run])
    if not records:
        raise UsageError(problems[0] if problems else f"{run.full_name} is not finished.")
    path = output or Path(f"{run.study.name}-{run.name}-card.md")
    if path.suffix != ".md":
        raise UsageError(f"{path}: a card must be an .md file.")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is no folder.", hint="Create it, or name another file.")
    built = build_card(records[0], read_answers(expand_home(answers)) if answers else {})
    text = card_markdown(built)
    publish_bytes(path.with_suffix(".json"), card_json(built, text))
    publish_text(path, text)
    print(path)
    print(path.with_suffix(".json"))
    count = len(built.open_questions)
    if count:
        print(
            f"medtui: {plural(count, 'statement')} marked [NEEDS INPUT]: write them into the "
            "Markdown, or into a file for --answers (see --questions)",
            file=sys.stderr,
        )


def _verify(runs_dir: Path, path: Path, *, as_json: bool) -> int:
    from medtui.cli.json_lines import print_object
    from medtui.cli.run_lookup import find_target
    from medtui.evidence.card.record import read_card, verify_card
    from medtui.user_folders import expand_home

    card_record = read_card(expand_home(path).with_suffix(".json"))
    study = find_target(runs_dir, card_record.study).study
    found = list(verify_card(card_record, study))
    for each in found:
        if as_json:
            state = "note" if each.is_note else "changed"
            print_object({"what": each.what, "state": state, "reason": each.reason})
        else:
            print(f"{'note' if each.is_note else 'changed':<8} {each.what}: {each.reason}")
    num_changed = sum(not each.is_note for each in found)
    checked = (
        f"{plural(len(card_record.digests.files), 'file')}, "
        f"{plural(card_record.digests.ledger.num_lines, 'line')} of the ledger, "
        f"{plural(len(card_record.facts), 'number')}"
    )
    print(f"medtui: {checked} checked: {num_changed} changed", file=sys.stderr)
    return 1 if num_changed else 0
