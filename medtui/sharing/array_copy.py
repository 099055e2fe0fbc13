"""Copies of predictions and splits under pseudonyms, in the order of the pseudonyms.

The order of rows is that of the source's files, by which they could be told again.
"""

import csv
import io
from dataclasses import replace

import msgspec
import numpy as np

from medtui.csv_text import csv_text
from medtui.runs.patient_groups import SplitLine
from medtui.runs.predictions import RunPredictions, SplitPredictions, pack_predictions
from medtui.sharing.pseudonyms import Pseudonyms


def shared_predictions(predictions: RunPredictions, pseudonyms: Pseudonyms) -> bytes:
    """Return the content of `predictions.npz`."""
    splits = {
        name: shared_answers(stored, pseudonyms) for name, stored in predictions.splits.items()
    }
    return pack_predictions(replace(predictions, splits=splits))


def shared_answers(stored: SplitPredictions, pseudonyms: Pseudonyms) -> SplitPredictions:
    """Return the answers to images under pseudonyms."""
    names = [pseudonyms.image(name) for name in stored.names]
    patients = [
        pseudonyms.patient(patient, image)
        for image, patient in zip(stored.names, stored.patients, strict=True)
    ]
    renamed = replace(stored, names=names, patients=patients)
    return renamed.take(np.argsort(np.array(names), kind="stable"))


def shared_split(lines: list[SplitLine], pseudonyms: Pseudonyms) -> bytes:
    """Return the content of `split.jsonl`."""
    renamed = [
        msgspec.structs.replace(
            line,
            name=pseudonyms.image(line.name),
            patient=pseudonyms.patient(line.patient, line.name),
        )
        for line in lines
    ]
    renamed.sort(key=lambda line: line.name)
    return b"".join(msgspec.json.encode(line) + b"\n" for line in renamed)


def shared_changes(content: str, pseudonyms: Pseudonyms) -> bytes:
    """Return the content of `changed.csv`, whose rows are ordered by their numbers."""
    rows = list(csv.reader(io.StringIO(content)))
    if not rows:
        return b""
    name, patient = rows[0].index("name"), rows[0].index("patient")
    for row in rows[1:]:
        image = _unquoted(row[name], pseudonyms)
        row[patient] = pseudonyms.patient(_unquoted(row[patient], pseudonyms), image)
        row[name] = pseudonyms.image(image)
    return csv_text(rows).encode()


def _unquoted(cell: str, pseudonyms: Pseudonyms) -> str:
    """Return a name without the apostrophe that keeps a spreadsheet from computing it."""
    known = cell in pseudonyms.images or cell in pseudonyms.patients
    return cell if known or not cell.startswith("'") else cell[1:]
