"""`medtui data new`: writes a card for images that have none, or lists what has to be chosen."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medtui.cli import options

if TYPE_CHECKING:
    from medtui.protocol.suggestion import Suggestion


Images = Annotated[Path, typer.Argument(metavar="PATH", help="A folder or an npz file of images.")]
To = Annotated[
    Path | None,
    typer.Option("--to", metavar="FILE", help="Card file to write [default: ./NAME.card.toml]."),
]
Table = Annotated[
    list[str] | None,
    typer.Option("--table", metavar="FILE", help="Table of the labels, or none: folders."),
]
Image = Annotated[str, typer.Option("--image", metavar="COLUMN", help="Column of the image names.")]
Label = Annotated[
    list[str] | None,
    typer.Option(
        "--label", metavar="COLUMN", help="Column of the labels; FIRST:LAST for 0/1 columns."
    ),
]
Level = Annotated[
    str, typer.Option("--level", metavar="FOLDER", help="One of the folders that are classes.")
]
Patient = Annotated[
    str,
    typer.Option("--patient", metavar="COLUMN", help="Column of the patient, pattern or none."),
]
Split = Annotated[
    str,
    typer.Option(
        "--split", metavar="COLUMN", help="Column of the split, folders, a test list or none."
    ),
]
Positive = Annotated[
    str, typer.Option("--positive", metavar="CLASS", help="Positive class of two.")
]
Accept = Annotated[
    list[str] | None,
    typer.Option("--accept", metavar="ERROR", help="Accept an error; may be repeated."),
]


def write_card(
    images: Images,
    to: To = None,
    table: Table = None,
    image: Image = "",
    label: Label = None,
    level: Level = "",
    patient: Patient = "",
    split: Split = "",
    positive: Positive = "",
    accept: Accept = None,
    as_json: options.Json = False,
) -> None:
    """Inspect images and write a card for them, with the evidence as comments.

    Where the data leave a choice, no card is written: the candidates are listed with their counts.
    """
    from medtui.datasets.suggestion.analysis import suggest
    from medtui.datasets.suggestion.card_file import card_name, publish_card
    from medtui.errors import MedtuiError, UsageError
    from medtui.protocol.suggestion import Choices

    name = card_name(images)
    path = to or Path(f"{name}.card.toml")
    if path.exists():
        raise UsageError(f"{path} already exists.", hint="Choose another file with --to.")
    choices = Choices(
        table=table or [], image=image, label=label or [], level=level, patient=patient,
        split=split, positive=positive, accept=accept or [],
    )  # fmt: skip
    try:
        suggestion = suggest(images, name, choices)
    except MedtuiError as error:
        error.hint = error.hint.replace("--set data.root=", "medtui data new ")
        raise
    if suggestion.card:
        publish_card(path, suggestion.card)
    _print(suggestion, path, as_json=as_json)
    if not suggestion.card:
        raise UsageError(suggestion.problem, hint=suggestion.hint)
    print(f"Review it, then check: medtui data check {path} --root {images}", file=sys.stderr)


def _print(suggestion: "Suggestion", path: Path, *, as_json: bool) -> None:
    import msgspec

    from medtui.cli.json_lines import print_object

    if as_json:
        written = str(path) if suggestion.card else ""
        print_object(msgspec.to_builtins(suggestion) | {"path": written})
        return
    if suggestion.card:
        print(path)
    for question in suggestion.open_questions:
        for candidate in question.candidates:
            print(f"--{question.key} {candidate.value}: {candidate.evidence}", file=sys.stderr)
    if not suggestion.card:
        for note in suggestion.notes:
            print(f"note: {note}", file=sys.stderr)
