"""Drawn images in the layouts of the published study: cells in folders, films by table."""

from pathlib import Path

from tests.helpers.drawn_images import draw

NUM_PATIENTS = 20
IMAGES_OF_PATIENT = 4

FINDINGS = (
    "Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Effusion", "Emphysema", "Fibrosis",
    "Hernia", "Infiltration", "Mass", "No Finding", "Nodule", "Pleural_Thickening", "Pneumonia",
    "Pneumothorax",
)  # fmt: skip

HEADER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
)


def draw_cells(root: Path) -> Path:
    """Draw cells in the layout of the NIH's malaria set: half of the patients are infected."""
    for at in range(NUM_PATIENTS * IMAGES_OF_PATIENT):
        patient, image = divmod(at, IMAGES_OF_PATIENT)
        label = ("Uninfected", "Parasitized")[image % 2]
        name = f"C{patient + 1}P{patient + 40}ThinF_IMG_20150918_144104_cell_{image}.png"
        draw(root / label / name, at)
    return root


def draw_films(root: Path) -> Path:
    """Draw films in the layout of ChestX-ray14: each patient has every fifth finding or none."""
    lists: dict[str, list[str]] = {"train_val_list.txt": [], "test_list.txt": []}
    rows = [HEADER]
    for at in range(NUM_PATIENTS * IMAGES_OF_PATIENT):
        patient, image = divmod(at, IMAGES_OF_PATIENT)
        name = f"{patient + 1:08d}_{image:03d}.png"
        labels = [FINDINGS[(at + step) % len(FINDINGS)] for step in (0, 7)]
        found = "No Finding" if "No Finding" in labels else "|".join(labels)
        rows.append(f"{name},{found},{image},{patient + 1},{40 + patient},F,PA,2682,2749,0.1,0.1")
        is_test = patient % 3 == 0
        lists["test_list.txt" if is_test else "train_val_list.txt"].append(name)
        draw(root / "images" / name, at, "L")
    (root / "Data_Entry_2017_v2020.csv").write_text("\n".join(rows) + "\n")
    for name, names in lists.items():
        (root / name).write_text("\n".join(names) + "\n")
    return root
