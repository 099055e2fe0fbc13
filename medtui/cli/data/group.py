"""`medtui data`: lists, shows, checks, downloads and describes data sets."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from medtui.cli import options
from medtui.cli.data.new_card import Accept, write_card
from medtui.user_folders import expand_home

if TYPE_CHECKING:
    from medtui.datasets.check import Check
    from medtui.preset import DataSettings

app = typer.Typer(help="List, show, check, download and describe data sets.", no_args_is_help=True)

CardName = Annotated[
    str,
    typer.Argument(
        metavar="NAME|PATH", help="A shipped data set, a card, a folder or an npz file."
    ),
]
CacheDir = Annotated[
    Path | None,
    typer.Option(
        "--cache-dir",
        metavar="DIR",
        help="Cache of decoded images [default: MEDTUI_CACHE_DIR, else the user's cache folder].",
        file_okay=False,
    ),
]


@app.command(name="list")
def list_cards(as_json: options.Json = False) -> None:
    """List the data sets whose cards come with medtui."""
    from medtui.cli.json_lines import print_object
    from medtui.cli.table import render_table
    from medtui.datasets.card import load_card
    from medtui.resources import card_names

    cards = [load_card(name)[0] for name in card_names()]
    if as_json:
        for card in cards:
            print_object(card.model_dump(mode="json", by_alias=True))
        return
    rows = [
        [card.name, card.format, card.task or "as found", f"{card.size or 'as found'}", card.title]
        for card in cards
    ]
    print(render_table(("name", "format", "task", "size", "title"), rows, num_keys=5))


@app.command(name="show")
def show_card(name: CardName) -> None:
    """Print the card of a data set, to be copied and changed; comments are kept."""
    from medtui.datasets.card import load_card
    from medtui.preset.toml import read_text

    _, path = load_card(name)
    print(read_text(path), end="")


Root = Annotated[str, typer.Option("--root", metavar="PATH", help="Folder or file of the images.")]
Split = Annotated[
    str,
    typer.Option("--split", metavar="RULE", help="How to split: card, patient, official or image."),
]
Size = Annotated[
    int | None,
    typer.Option("--size", help="Side of the images in pixels [default: the card's]."),
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the split.")]
Sheet = Annotated[
    Path | None,
    typer.Option("--sheet", metavar="FILE", help="Write some images of each class to a PNG file."),
]
Manifest = Annotated[
    Path | None,
    typer.Option(
        "--manifest",
        metavar="FILE",
        help="List by sha256sum or md5sum to compare files with; paths relative to the root.",
    ),
]


@app.command(name="check")
def check(
    name: CardName,
    root: Root = "",
    split: Split = "card",
    size: Size = None,
    seed: Seed = 0,
    accept: Accept = None,
    sheet: Sheet = None,
    manifest: Manifest = None,
    cache_dir: CacheDir = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Read every image of a data set and report counts, patients, bad files and duplicates.

    The exit status is 1 where the data set has errors that would stop a study, or where a file
    differs from the list of checksums or is not in it.
    """
    from medtui.cli.data.dataset_check import print_check
    from medtui.cli.data.progress import progress_on_stderr
    from medtui.cli.json_lines import print_object
    from medtui.datasets.check import check_dataset
    from medtui.errors import MedtuiError

    given: dict[str, object] = {
        "root": root, "split": split, "size": size, "seed": seed, "accept": accept or (),
    }  # fmt: skip
    try:
        with _settings(name, given) as settings, progress_on_stderr(is_quiet=quiet) as tell:
            found = check_dataset(
                settings, cache_dir=cache_dir, sheet=sheet, manifest=manifest, progress=tell
            )
    except MedtuiError as error:
        error.hint = error.hint.replace("--set data.", "--")  # hints are worded for a preset
        raise
    if as_json:
        print_object(found.as_object())
    else:
        print_check(found)
    raise typer.Exit(_status(found, accept or ()))


def _status(found: "Check", accepted: Sequence[str]) -> int:
    """Return the exit status of a check."""
    from medtui.datasets.findings import unaccepted_in

    unaccepted = unaccepted_in(found.findings, accepted)
    if unaccepted:
        print("A study would not start with these errors.", file=sys.stderr)
    return 1 if unaccepted or found.mismatches else 0


@app.command(name="fetch")
def fetch(
    name: CardName,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="Destination folder [default: ./NAME]."),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Download a data set from its publisher; an interrupted download is continued."""
    from medtui.cli.data.progress import progress_on_stderr
    from medtui.datasets.card import load_card
    from medtui.datasets.fetch import fetch as fetch_card

    card, _ = load_card(name)
    folder = to or Path(card.name)
    print(f"{card.title}: {card.source}\n{card.licence}", file=sys.stderr)
    with progress_on_stderr(is_quiet=quiet) as tell:
        fetch_card(card, folder, tell)
    print(folder.resolve())
    print(f"Check it: medtui data check {name} --root {folder}", file=sys.stderr)


@app.command(name="cache")
def cache(
    clear: Annotated[
        bool, typer.Option("--clear", help="Remove all entries except those being built.")
    ] = False,
    cache_dir: CacheDir = None,
    as_json: options.Json = False,
) -> None:
    """List or remove cached decoded images."""
    from medtui.cli.json_lines import print_object
    from medtui.cli.table import render_table
    from medtui.datasets.cache.administration import clear_entries, list_entries
    from medtui.units import format_bytes, format_count

    entries = list_entries(cache_dir)
    if clear:
        print(f"{format_bytes(clear_entries(entries))} freed")
        return
    if as_json:
        for entry in entries:
            print_object({**vars(entry), "path": str(entry.path)})
        return
    rows = [
        [
            entry.name,
            "being built" if entry.is_busy else format_count(entry.num_images),
            format_bytes(entry.num_bytes),
            entry.root,
        ]
        for entry in entries
    ]
    print(render_table(("entry", "images", "size", "of"), rows) if rows else "The cache is empty.")


app.command(name="new")(write_card)


@contextmanager
def _settings(name: str, given: dict[str, object]) -> Iterator["DataSettings"]:
    """Yield data settings; a folder or npz file without a card gets a suggested one."""
    from medtui.datasets.suggestion.analysis import suggest
    from medtui.datasets.suggestion.card_file import card_name
    from medtui.errors import UsageError
    from medtui.preset import DataSettings
    from medtui.preset.toml import Source, validate

    path = expand_home(name)
    is_npz = path.suffix == ".npz"
    if not is_npz and (not path.is_dir() or (path / "card.toml").is_file()):
        yield validate(DataSettings, {"card": name, **given}, Source("the command line"))
        return
    given = given | {"root": given["root"] or name}
    suggestion = suggest(path, card_name(path)) if not is_npz else None
    with TemporaryDirectory() as folder:
        if suggestion is None:
            name = "medmnist"
        elif text := suggestion.card or suggestion.refused_card:
            (Path(folder) / "card.toml").write_text(text, encoding="utf-8")
            name = folder
        else:
            raise UsageError(
                suggestion.problem, hint=f"Choose with `medtui data new {path}`. {suggestion.hint}"
            )
        yield validate(DataSettings, {"card": name, **given}, Source("the command line"))
