"""Further published layouts: parts under other names, several label columns, joins, no header."""

from pathlib import Path

from tests.datasets.cases.case import OPEN, Case, picture
from tests.datasets.cases.drawn_tables import CARD, TWO, draw_images, two_classes, write_csv


def training_and_testing(root: Path) -> Case:
    """Brain Tumor MRI: `Training/glioma` and `Testing/glioma` are an official split."""
    classes = ("notumor", "glioma", "meningioma")
    parts = (("Training", "Tr", OPEN, 12), ("Testing", "Te", "test", 5))
    pictures = {
        f"{part}/{label}/{prefix}-{label[:2]}_{at:04d}.jpg": picture(label, split=split)
        for part, prefix, split, count in parts
        for label in classes
        for at in range(count)
    }
    draw_images(root, pictures)
    return Case(root, pictures)


def target_beside_diagnosis(root: Path) -> Case:
    """ISIC 2020: `diagnosis`, `benign_malignant` and `target` could all be the label."""
    rows, pictures = [], {}
    for at in range(40):
        name, is_malignant = f"ISIC_{2637011 + at * 13:07d}", at % 4 == 0
        diagnosis = "melanoma" if is_malignant else ("nevus", "unknown", "unknown")[at % 3]
        patient = f"IP_{at // 2:07d}"
        label = TWO[is_malignant]
        rows.append((name, patient, "male", 45.0, "torso", diagnosis, label, int(is_malignant)))
        pictures[f"train/{name}.jpg"] = picture(str(int(is_malignant)), patient)
    draw_images(root, pictures)
    header = "image_name,patient_id,sex,age_approx,anatom_site,diagnosis,benign_malignant,target"
    write_csv(root / "train.csv", header.split(","), rows)
    return Case(root, pictures, ("0", "1"), choices={"label": ["target"]}, positive="1")


def label_not_chosen(root: Path) -> Case:
    """Where several columns could be the label, none is chosen for the user."""
    refusal = r"(?s)--label diagnosis.*--label benign_malignant"
    return Case(target_beside_diagnosis(root).root, refusal=refusal)


def patient_before_image(root: Path) -> Case:
    """PAD-UFES-20: ids of patients and lesions come before the image, which is `img_id`."""
    rows, pictures = [], {}
    for at in range(42):
        patient, diagnosis = f"PAT_{at // 2 + 8}", ("NEV", "BCC", "ACK")[at // 2 % 3]
        name = f"{patient}_{at + 17}_{at * 7}.png"
        rows.append((patient, at + 17, "false", 8 + at, diagnosis, name))
        pictures[f"images/imgs_part_{at % 3 + 1}/{name}"] = picture(diagnosis, patient)
    draw_images(root, pictures)
    header = ("patient_id", "lesion_id", "smoke", "age", "diagnostic", "img_id")
    write_csv(root / "metadata.csv", header, rows)
    return Case(root, pictures, choices={"label": ["diagnostic"], "patient": ["patient_id"]})


GRADES = CARD.format(format="table") + (
    '[table]\nfile = ["2. Groundtruths/a. Training Labels.csv"]\nname_column = "Image name"\n'
    'label_column = "Retinopathy grade"\n'
)


def same_names_in_two_parts(root: Path) -> Case:
    """IDRiD: `IDRiD_001` is one picture of train and one of test, and no row says which."""
    names = [f"IDRiD_{at:03d}" for at in range(20)]
    for part in ("a. Training Set", "b. Testing Set"):
        draw_images(root / "1. Original Images" / part, (f"{name}.jpg" for name in names))
    rows = [(name, at % 3) for at, name in enumerate(names)]
    write_csv(
        root / "2. Groundtruths" / "a. Training Labels.csv",
        ("Image name", "Retinopathy grade"),
        rows,
    )
    return Case(root, card=GRADES, refusal="more than one file|several files")


def no_header(root: Path) -> Case:
    """A table that begins with its first row, as MURA's do."""
    rows = two_classes(30)
    draw_images(root / "images", (row[0] for row in rows))
    write_csv(root / "labels.csv", rows[0], rows[1:])
    pictures = {f"images/{name}": picture(label) for name, label, _ in rows}
    return Case(root, pictures, TWO, choices={"label": ["2"]})


def tiles_without_names(root: Path) -> Case:
    """Camelyon17-WILDS: the table names slides and coordinates, but no file."""
    rows = [(at, f"{at % 5:03d}", at % 4, at * 32, at * 16, at % 2, at % 10) for at in range(24)]
    tiles = [
        f"patches/patient_{p}_node_{n}/patch_{p}_{n}_x_{x}_y_{y}.png" for _, p, n, x, y, *_ in rows
    ]
    draw_images(root, tiles)
    header = ("", "patient", "node", "x_coord", "y_coord", "tumor", "slide")
    write_csv(root / "metadata.csv", header, rows)
    return Case(root, refusal="names? .*(no|none).* file|none of")


CASES = (
    training_and_testing,
    target_beside_diagnosis,
    label_not_chosen,
    patient_before_image,
    same_names_in_two_parts,
    no_header,
    tiles_without_names,
)
