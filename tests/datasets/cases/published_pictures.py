"""Miniatures of published sets of skin, fundus, tissue and children's films."""

import random
from dataclasses import replace
from pathlib import Path

from tests.datasets.cases import class_folders
from tests.datasets.cases.case import Case, picture
from tests.datasets.cases.drawn_tables import draw_images, write_csv


def _hex(seed: object, bits: int) -> str:
    return f"{random.Random(str(seed)).getrandbits(bits):0{bits // 4}x}"


def ham10000(root: Path) -> Case:
    """Lesions take the place of patients; two folders of images, and a table of pixels beside."""
    rows, pictures = [], {}
    for at in range(42):
        name, dx = (
            f"ISIC_{24306 + at:07d}",
            ("nv", "mel", "bkl", "bcc", "akiec", "vasc", "df")[at // 2 % 7],
        )
        rows.append((f"HAM_{at // 2:07d}", name, dx, "histo", "80.0", "male", "scalp"))
        pictures[f"HAM10000_images_part_{at % 2 + 1}/{name}.jpg"] = picture(dx, at // 2)
    draw_images(root, pictures)
    header = ("lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization")
    write_csv(root / "HAM10000_metadata.csv", header, rows)
    pixels = [f"pixel{at:04d}" for at in range(64)]
    write_csv(root / "hmnist_8_8_L.csv", (*pixels, "label"), [(*range(64), 2)] * 3)
    return Case(root, pictures, card="ham10000")


ISIC = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC")


def isic2019(root: Path) -> Case:
    """A column of 0.0 and 1.0 for each diagnosis, and one, UNK, in which no picture is 1.0."""
    rows, pictures, lesions = [], {}, []
    for at in range(40):
        name = f"ISIC_{at:07d}{'_downsampled' if at % 9 == 0 else ''}"
        rows.append((name, *(str(float(each == at % 8)) for each in range(9))))
        lesions.append(
            (name, "55.0", "anterior torso", "" if at % 4 == 0 else f"BCN_{at // 3:07d}", "female")
        )
        pictures[f"ISIC_2019_Training_Input/ISIC_2019_Training_Input/{name}.jpg"] = picture(
            ISIC[at % 8]
        )
    draw_images(root, pictures)
    write_csv(root / "ISIC_2019_Training_GroundTruth.csv", ("image", *ISIC, "UNK"), rows)
    header = ("image", "age_approx", "anatom_site_general", "lesion_id", "sex")
    write_csv(root / "ISIC_2019_Training_Metadata.csv", header, lesions)
    return Case(root, pictures, ISIC, "isic2019")


def aptos2019(root: Path) -> Case:
    """The table of test pictures without grades, and a submission of zeros, lie beside."""
    grades = "0001122334"
    names = {
        split: [_hex(f"{split} {at}", 48) for at in range(count)]
        for split, count in (("train", 40), ("test", 8))
    }
    rows = [(name, grades[at % 10]) for at, name in enumerate(names["train"])]
    pictures = {f"train_images/{name}.png": picture(grade) for name, grade in rows}
    draw_images(root, [*pictures, *(f"test_images/{name}.png" for name in names["test"])])
    write_csv(root / "train.csv", ("id_code", "diagnosis"), rows)
    write_csv(root / "test.csv", ("id_code",), [(name,) for name in names["test"]])
    write_csv(
        root / "sample_submission.csv",
        ("id_code", "diagnosis"),
        [(name, 0) for name in names["test"]],
    )
    return Case(root, pictures, tuple("01234"), "aptos2019")


def pcam(root: Path) -> Case:
    """Names without an ending, TIFF files, and a submission of zeros."""
    rows = [(_hex(at, 160), str(at % 2)) for at in range(30)]
    unlabelled = [_hex(f"test {at}", 160) for at in range(6)]
    pictures = {f"train/{name}.tif": picture(label) for name, label in rows}
    draw_images(root, [*pictures, *(f"test/{name}.tif" for name in unlabelled)])
    write_csv(root / "train_labels.csv", ("id", "label"), rows)
    write_csv(root / "sample_submission.csv", ("id", "label"), [(name, 0) for name in unlabelled])
    return Case(root, pictures, ("0", "1"), "pcam", positive="1")


def breakhis(root: Path) -> Case:
    """Magnifications are the innermost folders."""
    case = class_folders.magnifications_below_classes(root)
    return replace(case, card="breakhis", positive="malignant")


def chest_xray_pneumonia(root: Path) -> Case:
    """Two ways of naming patients; the set contains itself once more."""
    case = class_folders.patients_in_two_branches(root)
    return replace(case, card="chest-xray-pneumonia", positive="PNEUMONIA")


CASES = (ham10000, isic2019, aptos2019, pcam, breakhis, chest_xray_pneumonia)
