"""Miniatures of published sets of chest films, in the layout of their tables and folders."""

import random
from pathlib import Path

from tests.datasets.cases.case import OPEN, Case, Picture, picture
from tests.datasets.cases.drawn_tables import csv_text, draw_images, write_csv

CHEXPERT = (
    "No Finding",
    "Enlarged Cardiomediastinum",
    "Cardiomegaly",
    "Lung Opacity",
    "Lung Lesion",
    "Edema",
    "Consolidation",
    "Pneumonia",
    "Atelectasis",
    "Pneumothorax",
    "Pleural Effusion",
    "Pleural Other",
    "Fracture",
    "Support Devices",
)


def _findings(seed: int, names: tuple[str, ...], odds: float = 0.25) -> list[str]:
    rng = random.Random(seed)
    return [name for name in names if rng.random() < odds]


def _observed(labels: list[str], names: tuple[str, ...], seed: int) -> tuple[list[str], set[str]]:
    """Return a row of 1.0, 0.0, -1.0 and blank cells, and the names of those that are -1.0."""
    rng = random.Random(seed)
    cells, uncertain = [], set()
    for name in names:
        if name in labels:
            cells.append("1.0")
        elif rng.random() < 0.1:
            cells.append("-1.0")
            uncertain.add(name)
        else:
            cells.append(rng.choice(("0.0", "")))
    return cells, uncertain


def chexpert(root: Path) -> Case:
    """14 observations; the paths begin with the folder that holds the table."""
    folder = root / "CheXpert-v1.0-small"
    rows: list[tuple[str, ...]] = []
    pictures: dict[str, Picture] = {}
    unknown: dict[str, frozenset[str]] = {}
    for at in range(36):
        view = ("view1_frontal", "view2_lateral")[at % 2]
        name = f"train/patient{at // 3 + 1:05d}/study{at % 3 // 2 + 1}/{view}.jpg"
        labels = _findings(at, CHEXPERT)
        cells, uncertain = _observed(labels, CHEXPERT, at)
        rows.append((f"{folder.name}/{name}", "Female", "37", view[6:].title(), "AP", *cells))
        pictures[name] = picture(labels, at // 3)
        if uncertain:
            unknown[name] = frozenset(uncertain)
    header = ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *CHEXPERT)
    write_csv(folder / "train.csv", header, rows)
    valid = [
        (
            f"{folder.name}/valid/patient{64541 + at}/study1/view1_frontal.jpg",
            "Male",
            "50",
            "Frontal",
            "AP",
            *["0.0"] * 14,
        )
        for at in range(4)
    ]
    write_csv(folder / "valid.csv", header, valid)
    draw_images(root, [row[0] for row in (*rows, *valid)])
    return Case(folder, pictures, CHEXPERT, "chexpert", unknown=unknown)


def nih(root: Path) -> Case:
    """ChestX-ray14 as on Kaggle, with a table of boxes that comes first in the alphabet."""
    findings = ("Atelectasis", "Effusion", "Infiltration", "Mass", "Pneumothorax")
    rows, pictures, boxes = [], {}, []
    lists: dict[str, list[str]] = {"train_val_list.txt": [], "test_list.txt": []}
    for at in range(48):
        patient = at // 3 + 1
        name = f"{patient:08d}_{at % 3:03d}.png"
        labels = _findings(at, findings)
        is_test = patient > 12
        lists["test_list.txt" if is_test else "train_val_list.txt"].append(name)
        rows.append(
            (
                name,
                "|".join(labels or ["No Finding"]),
                at % 3,
                patient,
                40 + at,
                "FM"[at % 2],
                "PA",
                2682,
                2749,
                0.143,
                0.143,
                "",
            )
        )
        pictures[f"images_{at % 2 + 1:03d}/images/{name}"] = picture(
            labels, patient, "test" if is_test else OPEN
        )
        if at % 4 == 0:
            boxes.append(
                (name, labels[0] if labels else findings[0], 225.1, 547.0, 86.8, 79.2, "", "", "")
            )
    draw_images(root, pictures)
    header = (
        "Image Index",
        "Finding Labels",
        "Follow-up #",
        "Patient ID",
        "Patient Age",
        "Patient Gender",
        "View Position",
        "OriginalImage[Width",
        "Height]",
        "OriginalImagePixelSpacing[x",
        "y]",
        "",
    )
    write_csv(root / "Data_Entry_2017.csv", header, rows)
    write_csv(
        root / "BBox_List_2017.csv",
        ("Image Index", "Finding Label", "Bbox [x", "y", "w", "h]", "", "", ""),
        boxes,
    )
    for name, lines in lists.items():
        (root / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Case(root, pictures, findings)


def vindr_cxr(root: Path) -> Case:
    """A row for each finding of each of three radiologists; no order of the rows."""
    findings = ("Aortic enlargement", "Cardiomegaly", "Nodule/Mass", "Pleural thickening")
    rows, pictures = [], {}
    for at in range(30):
        name = f"{random.Random(at).getrandbits(128):032x}"
        labels = _findings(at, findings, 0.4) if at % 2 else []
        for reader in range(3):
            seen = [
                label for bit, label in enumerate(labels) if (bit + reader) % 3 or reader == bit % 3
            ]
            rows += [
                (
                    name,
                    label,
                    findings.index(label),
                    f"R{reader + 8}",
                    691.0,
                    1375.0,
                    1653.0,
                    1831.0,
                )
                for label in seen
            ]
            if not seen:
                rows.append((name, "No finding", 14, f"R{reader + 8}", "", "", "", ""))
        pictures[f"train/{name}.png"] = picture(labels)
    random.Random(0).shuffle(rows)
    draw_images(root, pictures)
    header = ("image_id", "class_name", "class_id", "rad_id", "x_min", "y_min", "x_max", "y_max")
    write_csv(root / "train.csv", header, rows)
    return Case(root, pictures, card="vindr-cxr")


def rsna_png(root: Path) -> Case:
    """A row for each box, names without an ending, and a second table with other classes."""
    rows, details, pictures = [], [], {}
    for at in range(24):
        name = f"{random.Random(at).getrandbits(128):032x}"
        target = str(int(at % 3 == 0))
        box = (264.0, 152.0, 213.0, 379.0) if target == "1" else ("", "", "", "")
        rows += [(name, *box, target)] * (2 if at % 6 == 0 else 1)
        details.append((name, ("Lung Opacity", "Normal", "No Lung Opacity / Not Normal")[at % 3]))
        pictures[f"images/{name}.png"] = picture(target)
    draw_images(root, pictures)
    header = ("patientId", "x", "y", "width", "height", "Target")
    write_csv(root / "stage_2_train_labels.csv", header, rows)
    write_csv(root / "stage_2_detailed_class_info.csv", ("patientId", "class"), details)
    return Case(root, pictures, ("0", "1"), "rsna-pneumonia", positive="1")


def padchest(root: Path) -> Case:
    """Lists of labels as text, of which the card names some; films in numbered folders."""
    known = ("cardiomegaly", "pleural effusion", "COPD signs", "pneumonia")
    rows, pictures = [], {}
    for at in range(36):
        name = f"21639600{at:04d}_0001-{at:03d}.png"
        labels = _findings(at, known, 0.3)
        written = [*labels, *(["unchanged"] if at % 5 == 0 and labels else [])] or ["normal"]
        method = ("Physician", "RNN_model")[at % 2]
        rows.append((at, name, at % 3, f"S{at}", 100000 + at // 2, "M", "PA", method, str(written)))
        pictures[f"{at % 3}/{name}"] = picture(labels, at // 2)
    draw_images(root, pictures)
    header = (
        "",
        "ImageID",
        "ImageDir",
        "StudyID",
        "PatientID",
        "PatientSex_DICOM",
        "Projection",
        "MethodLabel",
        "Labels",
    )
    write_csv(root / "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv", header, rows)
    return Case(root, pictures, card="padchest")


MIMIC = tuple(sorted(CHEXPERT))


def mimic_tables(root: Path) -> Case:
    """Labels by study in one table, films and splits in another: they have to be joined."""
    labels, splits, pictures, unknown = [], [], {}, {}
    for at in range(24):
        subject, study = 10000032 + at // 2 * 977, 50414267 + at
        found = _findings(at, MIMIC)
        cells, uncertain = _observed(found, MIMIC, at)
        split = ("train", "train", "train", "validate", "test", "test")[at // 2 % 6]
        labels.append((subject, study, *cells))
        for view in range(2):
            rng = random.Random(f"{at} {view}")
            film = "-".join(f"{rng.getrandbits(32):08x}" for _ in range(5))
            name = f"files/p{str(subject)[:2]}/p{subject}/s{study}/{film}.jpg"
            splits.append((film, study, subject, split))
            pictures[name] = picture(found, subject, {"validate": "val"}.get(split, split))
            if uncertain:
                unknown[name] = frozenset(uncertain)
    draw_images(root, pictures)
    write_csv(root / "mimic-cxr-2.0.0-chexpert.csv", ("subject_id", "study_id", *MIMIC), labels)
    header = ("dicom_id", "study_id", "subject_id", "split")
    write_csv(root / "mimic-cxr-2.0.0-split.csv", header, splits)
    header = (
        "dicom_id",
        "subject_id",
        "study_id",
        "PerformedProcedureStepDescription",
        "ViewPosition",
    )
    views = [
        (film, study, subject, "CHEST (PA AND LAT)", ("PA", "LATERAL")[at % 2])
        for at, (film, study, subject, _) in enumerate(splits)
    ]
    columns = (*header[:3], "PerformedProcedureStepDescription", "ViewPosition")
    write_csv(root / "mimic-cxr-2.0.0-metadata.csv", columns, views)
    return Case(root, pictures, MIMIC, "mimic-cxr-jpg", unknown=unknown)


def mimic_tables_apart(root: Path) -> Case:
    """`medtui data new` says that the tables of MIMIC-CXR-JPG have to be joined."""
    return Case(mimic_tables(root).root, refusal=r"join|study_id")


def roboflow(root: Path) -> Case:
    """An export with a table of 0 and 1 in each folder of a split; blanks after the commas."""
    pictures = {}
    for folder, split, count in (("train", "train", 16), ("valid", "val", 6), ("test", "test", 6)):
        rows = []
        for at in range(count):
            name = f"IM-{at:04d}_jpeg.rf.{random.Random(f'{split} {at}').getrandbits(128):032x}.jpg"
            rows.append((name, str(int(at % 2 == 0)), str(at % 2)))
            pictures[f"{folder}/{name}"] = picture(("Normal", "Pneumonia")[at % 2], split=split)
        text = csv_text(("filename", "Normal", "Pneumonia"), rows).replace(",", ", ")
        (root / folder).mkdir()
        (root / folder / "_classes.csv").write_text(text, encoding="utf-8", newline="")
    draw_images(root, pictures)
    (root / "README.roboflow.txt").write_text("x", encoding="utf-8")
    return Case(root, pictures, ("Normal", "Pneumonia"), positive="Pneumonia")


CASES = (chexpert, nih, vindr_cxr, rsna_png, padchest, mimic_tables_apart, roboflow)
