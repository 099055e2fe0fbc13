"""Suggests a card for a folder of images: what there is, what follows, what has to be chosen."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from medtui.datasets.files.scan import Scan, require_images, scan
from medtui.datasets.index import some
from medtui.datasets.suggestion.card_text import write_card_text, write_npz_card_text
from medtui.datasets.suggestion.draft import Draft
from medtui.datasets.suggestion.folders import read_layout
from medtui.datasets.suggestion.found import Found
from medtui.datasets.suggestion.from_folders import draft_of_folders
from medtui.datasets.suggestion.from_table import draft_of_table
from medtui.datasets.suggestion.lists import find_lists
from medtui.datasets.suggestion.refusal import explain, hint_for
from medtui.datasets.suggestion.sources import ask_table, describe_tables
from medtui.datasets.suggestion.tables import find_tables
from medtui.datasets.suggestion.trial import refusal_of
from medtui.errors import UsageError
from medtui.protocol.suggestion import Choices, Question, Suggestion

_NO_CHOICES = Choices()


def suggest(folder: Path, name: str, choices: Choices = _NO_CHOICES) -> Suggestion:
    """Return what a folder, or an npz file, holds, and the card that follows from it.

    Raises:
        UsageError: there is no data set at this path, or a choice does not fit it.
        EnvironmentProblem: the folder cannot be read.
    """
    if folder.is_file():
        return _of_npz(folder, name)
    scanned = scan(folder)
    if not scanned.files:
        raise _nothing_here(folder, scanned)
    found = _found(folder, scanned, choices)
    questions = [found.table_question]
    if found.table_question.is_open:
        return _ended(found, questions, None, ())
    make = draft_of_table if found.chosen is not None else draft_of_folders
    more, draft = make(found, name, choices)
    return _ended(found, [*questions, *more], draft, choices.accept)


def _found(folder: Path, scanned: Scan, choices: Choices) -> Found:
    layout = read_layout(scanned.files)
    tables = find_tables(folder, scanned)
    described = describe_tables(tables.tables, choices)
    question, chosen = ask_table(described, layout, choices)
    lists = find_lists(folder, scanned)
    return Found(folder, layout, tables, described, question, chosen, lists)


def _ended(
    found: Found, questions: Sequence[Question], draft: Draft | None, accepted: Sequence[str]
) -> Suggestion:
    """Return the suggestion: with the card if it opens the images, else with the reason."""
    facts = Suggestion(
        folder=str(found.folder),
        num_images=len(found.layout.files),
        questions=list(questions),
        notes=found.notes(),
    )
    if draft is None:
        return replace(facts, problem=explain(found, questions), hint=hint_for(questions))
    facts = replace(facts, classes=draft.classes, positive=draft.positive, task=draft.task)
    card = write_card_text(draft)
    refusal = refusal_of(card, found.folder, accepted)
    if refusal is None:
        return replace(facts, card=card)
    problem = f"The card would be refused: {refusal.sentence}"
    return replace(
        facts, problem=problem, hint=refusal.hint, refused_card=card, errors=refusal.errors
    )


def _of_npz(path: Path, name: str) -> Suggestion:
    if path.suffix.lower() != ".npz":
        raise UsageError(f"{path} is neither a folder nor an npz file.")
    text = write_npz_card_text(name, path.name)
    return Suggestion(folder=str(path), card=text)


def _nothing_here(folder: Path, scanned: Scan) -> UsageError:
    """Return why a folder without images has no card, and what to do."""
    files = sorted(name for name in scanned.others if name.lower().endswith(".npz"))
    if files:
        return UsageError(
            f"{folder}: no image files found, but npz files: {some(files, 12)}.",
            hint=f"Write a card for one of them: medtui data new {folder / files[0]}",
        )
    require_images(scanned, folder)
    raise AssertionError
