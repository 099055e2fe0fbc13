"""Explains why no card can be written yet, and what to choose."""

import shlex
from collections.abc import Sequence

from medtui.datasets.suggestion.columns import has_label_columns
from medtui.datasets.suggestion.found import Found
from medtui.datasets.suggestion.text import counted, shown
from medtui.protocol.suggestion import Question

_ASKED = {
    "table": "Which table has the labels",
    "image": "Which column names the images",
    "label": "Which column has the labels",
    "level": "Which folders are the classes",
    "patient": "Which column is the patient",
    "split": "Which split was published",
}


def explain(found: Found, questions: Sequence[Question]) -> str:
    """Return why there is no card: an open choice, or nothing to choose from."""
    question = next((each for each in questions if each.is_open), None)
    assert question is not None
    if question.key in {"table", "label"} and (sentence := _join_needed(found, question)):
        return sentence
    likely = _likely(question)
    if likely:
        return f"{_ASKED[question.key]}: {' or '.join(map(shown, likely))}?"
    if question.key == "level":
        return _no_classes(found)
    if found.chosen is not None:
        return _no_labels(found)
    return f"{_ASKED[question.key]}?"


def _likely(question: Question) -> list[str]:
    likely = [each.value for each in question.candidates if each.is_likely]
    return (likely or [each.value for each in question.candidates])[:6]


def hint_for(questions: Sequence[Question]) -> str:
    """Return the option that answers the first open choice."""
    question = next((each for each in questions if each.is_open), None)
    if question is None or not any(each.is_likely for each in question.candidates):
        return ""
    options = [f"--{question.key} {shlex.quote(each)}" for each in _likely(question)]
    return f"Write {' or '.join(options)}"


def _join_needed(found: Found, question: Question) -> str:
    """Return that labels and image names are in two tables; empty where they may be in one."""
    if any(each.is_likely for each in question.candidates):
        return ""
    for labels in found.useless_tables:
        columns = {title.strip() for title in labels.header if title.strip()}
        for images in found.described:
            shared = [title for title in images.table.header if title.strip() in columns]
            if shared and has_label_columns(labels):
                return (
                    f"The labels seem to be in {labels.value}, which names no file here, and the "
                    f"image names in {images.table.value}. Write one table with the columns of "
                    f"both, joined by {', '.join(shared)}."
                )
    return ""


def _no_classes(found: Found) -> str:
    sentences = [
        f"{found.folder}: no table that names its files, and no two folders that name classes."
    ]
    for table in found.useless_tables[:3]:
        name = next((row[0] for row in table.rows if row and row[0]), "")
        sentences.append(
            f"{table.value} names none of them: its first row is {shown(name)}, "
            f"a file here is {shown(found.layout.files[0])}."
        )
    return " ".join([*sentences, *found.tables.problems])


def _no_labels(found: Found) -> str:
    assert found.chosen is not None
    table = found.chosen.table
    columns = counted({title: len(set(table.cells(at, list(range(len(table.rows))))))
                       for at, title in enumerate(table.header)})  # fmt: skip
    return f"{table.value} names the images, but none of its columns holds labels ({columns})."
