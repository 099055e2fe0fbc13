"""DICOM files in class folders and beside tables, with and without an ending."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.datasets.cases import published_films
from tests.datasets.cases.case import DATA_NEW, Case, picture
from tests.datasets.cases.drawn_tables import CARD
from tests.datasets.cases.pixels import SIDE, PixelCase
from tests.helpers.dicom_files import write_dicom

FOLDERS = CARD.format(format="folders").replace("size = 16", f"size = {SIDE}")
TWELVE = {"BitsStored": 12, "HighBit": 11}


def class_folders(root: Path) -> PixelCase:
    """Two files a patient, whom only the header names; every fourth is MONOCHROME1."""
    pictures, grey = {}, {}
    for at in range(24):
        label = ("mass", "normal")[at % 2]
        name = f"{label}/IM{at:04d}{'.dcm' if at % 3 else ''}"
        rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
        film = 0.1 + 0.3 * (rows + columns * (at % 5) / 5)
        is_inverted = at % 4 == 0
        stored = np.round((1 - film if is_inverted else film) * 4095).astype(np.uint16)
        write_dicom(
            root / name,
            stored,
            PatientID=f"1.2.{at // 2}",
            PatientName="Miller^Ann",
            PhotometricInterpretation="MONOCHROME1" if is_inverted else "MONOCHROME2",
            **TWELVE,
        )
        pictures[name], grey[name] = picture(label, at // 2), film
    return PixelCase(Case(root, pictures, card=FOLDERS), grey)


def _as_dicom(case: Case, suffix: str) -> Case:
    """Replace the images of a case by DICOM files of the same names."""
    pictures = {}
    for name, truth in case.pictures.items():
        stem = name.rpartition(".")[0]
        (case.root / name).unlink()
        stored = np.random.default_rng(len(pictures)).integers(0, 4096, (20, 20), np.uint16)
        write_dicom(case.root / f"{stem}{suffix}", stored, **TWELVE)
        pictures[f"{stem}{suffix}"] = truth
    return replace(case, pictures=pictures)


def rsna_dicom(root: Path) -> Case:
    """As published: `.dcm` files, names without an ending in the table."""
    return _as_dicom(published_films.rsna_png(root), ".dcm")


def vindr_dicom(root: Path) -> Case:
    """As published: `.dicom` files."""
    return _as_dicom(published_films.vindr_cxr(root), ".dicom")


def files_without_suffix(root: Path) -> Case:
    """An archive's export: `IM000001` without an ending."""
    return _as_dicom(published_films.rsna_png(root), "")


def patients_in_headers(root: Path) -> Case:
    """Class folders whose patients only the headers name."""
    return class_folders(root).case


def new_card_of_class_folders(root: Path) -> Case:
    """`medtui data new` takes the patients from the headers."""
    return replace(class_folders(root).case, card=DATA_NEW)


def new_card_of_rsna_dicom(root: Path) -> Case:
    """`medtui data new` has to be told which of the two tables has the labels."""
    return replace(rsna_dicom(root), card=DATA_NEW, choices={"table": ["stage_2_train_labels.csv"]})


CASES = (
    rsna_dicom,
    vindr_dicom,
    files_without_suffix,
    patients_in_headers,
    new_card_of_class_folders,
    new_card_of_rsna_dicom,
)
