"""The card of images that a table describes."""

from medtui.datasets.suggestion.classes import NONE_LABELS, order_classes, positive_of
from medtui.datasets.suggestion.columns import LabelColumns
from medtui.datasets.suggestion.draft import Draft, TableDraft
from medtui.datasets.suggestion.folders import part_folders
from medtui.datasets.suggestion.found import Found
from medtui.datasets.suggestion.pixels import look_at_pixels
from medtui.datasets.suggestion.questions import (
    PATTERN,
    ask_label,
    ask_patient,
    ask_split,
)
from medtui.datasets.suggestion.sources import Described, ask_image
from medtui.datasets.suggestion.text import counted
from medtui.protocol.suggestion import NONE, Choices, Question


def draft_of_table(
    found: Found, name: str, choices: Choices
) -> tuple[list[Question], Draft | None]:
    """Return the questions about a table, and the card if none is open."""
    chosen = found.chosen
    assert chosen is not None
    files = sorted(chosen.image.images)
    label_question, labels = ask_label(chosen, choices)
    patient, pattern = ask_patient(chosen.columns.patients, files, choices)
    split = ask_split(chosen.columns.splits, part_folders(files), found.lists, choices)
    questions = [ask_image(chosen, choices), label_question, patient, split]
    if labels is None or any(question.is_open for question in questions):
        return questions, None
    none_label = _none_label(labels)
    classes = order_classes(
        (each for each in labels.counts if each != none_label), choices.classes, choices.positive
    )
    pixels = look_at_pixels(found.folder, files)
    table = TableDraft(
        files=chosen.table.names,
        name_column=chosen.image.name,
        label_column="" if labels.form is None else labels.value,
        separator=labels.separator,
        none_label=none_label,
        patient_column="" if patient.chosen in {NONE, PATTERN} else patient.chosen,
        has_header=chosen.table.has_header,
        num_uncertain=labels.num_uncertain,
        split_column=split.chosen if split.chosen in chosen.columns.splits else "",
    )
    return questions, Draft(
        name=name,
        classes=classes,
        positive=positive_of(classes, choices.positive) if labels.is_single else "",
        task="single" if labels.is_single else "multi",
        pixels=pixels,
        patient=pattern if patient.chosen == PATTERN else "",
        is_official=split.chosen not in {NONE, ""},
        table=table,
        lists=next((each for each in found.lists if each.test == split.chosen), None),
        evidence=_evidence(found, chosen, labels, questions)
        | {"classes": [counted(labels.counts, len(labels.counts))], "channels": [pixels.evidence]},
    )


def _none_label(labels: LabelColumns) -> str:
    """Return the label that stands for none of the classes, in a multi-label task."""
    if labels.is_single or labels.form is None:
        return ""
    return next((each for each in labels.counts if each.casefold() in NONE_LABELS), "")


def _evidence(
    found: Found, chosen: Described, labels: LabelColumns, questions: list[Question]
) -> dict[str, list[str]]:
    image, _, patient, split = questions
    num_rows = len(chosen.table.rows)
    files = (
        f"{len(chosen.image.files):,} of {num_rows:,} rows have a file, "
        f"{chosen.image.num_files:,} of {len(found.layout.files):,} images have a row"
    )
    label_lines = [
        f"candidates for labels: {each.value}: {each.evidence}" for each in questions[1].candidates
    ]
    if labels.left_out:
        label_lines.append(f"columns without a single 1: {', '.join(labels.left_out)}")
    return {
        "file": [files, *found.notes()],
        "name_column": [f"{each.value}: {each.evidence}" for each in image.candidates],
        "label_column": label_lines,
        "patient_column": [
            f"candidates for patients: {each.value}: {each.evidence}" for each in patient.candidates
        ]
        or ["no patient was found: images of one patient may be in several splits"],
        "split": [f"{each.value}: {each.evidence}" for each in split.candidates],
    }
