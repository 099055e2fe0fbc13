"""Class folders: nested, linked, spelled in several ways, and among files that are no images."""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from tests.datasets.cases.case import OPEN, Case, Picture, picture
from tests.datasets.cases.drawn_tables import CARD
from tests.helpers.drawn_images import draw

CELLS = ("Uninfected", "Parasitized")
FOLDERS = CARD.format(format="folders")


def _draw(root: Path, pictures: dict[str, Picture]) -> dict[str, Picture]:
    for seed, name in enumerate(pictures):
        draw(root / name, seed, "L")
    return pictures


def _cells() -> dict[str, Picture]:
    """Return 24 cells of 12 patients, named as in the malaria set."""
    return {
        f"{CELLS[at % 2]}/C{at // 2}P{at // 2}thin_cell_{at}.png": picture(
            CELLS[at % 2], f"C{at // 2}P{at // 2}"
        )
        for at in range(24)
    }


def link_to_a_class(root: Path) -> Case:
    """`newest` is a link to Parasitized: the folder counts, the link does not."""
    pictures = _draw(root, _cells())
    (root / "newest").symlink_to("Parasitized")
    (root / "Another").symlink_to("Parasitized")
    return Case(root, pictures, CELLS, "malaria", positive="Parasitized")


def thumbnails_of_a_nas(root: Path) -> Case:
    """Synology writes `@eaDir/NAME.png/SYNOPHOTO_THUMB_M.jpg`."""
    pictures = _draw(root, _cells())
    for seed, name in enumerate(pictures):
        folder, _, file = name.rpartition("/")
        draw(root / folder / "@eaDir" / file / "SYNOPHOTO_THUMB_M.jpg", seed, "L")
    return Case(root, pictures, CELLS, "malaria")


def negative_class_first(root: Path) -> Case:
    """Of two classes, the healthy one comes first in a card that `data new` writes."""
    pictures = {
        f"{label}/{at}.png": picture(label) for label in ("nodule", "normal") for at in range(12)
    }
    return Case(root, _draw(root, pictures), ("normal", "nodule"), positive="nodule")


def link_from_val_to_test(root: Path) -> Case:
    """Who has no val links it to test; then val comes out of train."""
    pictures = {
        f"{split}/{label}/{at}.png": picture(label, split=OPEN if split == "train" else "test")
        for split, count in (("train", 16), ("test", 6))
        for label in ("mass", "normal")
        for at in range(count)
    }
    _draw(root, pictures)
    (root / "val").symlink_to("test")
    return Case(root, pictures, card=FOLDERS, split="official")


def same_name_and_size_in_another_folder(root: Path) -> Case:
    """`hospital_b/benign/000.bmp` is another picture than `benign/000.bmp` of the same size."""
    pictures = {
        f"{prefix}{label}/{at:03d}.bmp": picture(label)
        for prefix in ("", "hospital_b/")
        for label in ("benign", "malignant")
        for at in range(8)
    }
    return Case(root, _draw(root, pictures), ("benign", "malignant"))


def masks_beside_images(root: Path) -> Case:
    """COVID-19 Radiography: `COVID/images` and `COVID/masks` under the class."""
    classes = ("Normal", "COVID", "Viral Pneumonia")
    pictures = {
        f"Set/{label}/images/{label}-{at}.png": picture(label)
        for label in classes
        for at in range(8)
    }
    _draw(root, pictures)
    for name in pictures:
        mask = root / name.replace("/images/", "/masks/")
        mask.parent.mkdir(exist_ok=True)
        Image.fromarray(np.eye(20, dtype=np.uint8) * 255).save(mask)
    card = FOLDERS + f"classes = {list(classes)}\n"
    return Case(root, pictures, classes, card)


def masks_by_name(root: Path) -> Case:
    """BUSI: `benign (1)_mask.png`, and several masks of one image, in the folder of the image."""
    pictures = {
        f"{label}/{label} ({at}).png": picture(label)
        for label in ("normal", "benign", "malignant")
        for at in range(8)
    }
    _draw(root, pictures)
    for name in pictures:
        for tail in ("_mask", "_mask_1"):
            draw(root / name.replace(").png", f"){tail}.png"), 7, "L")
    return Case(root, pictures, card=FOLDERS)


def magnifications_below_classes(root: Path) -> Case:
    """BreaKHis: the innermost folders are magnifications, the classes lie above."""
    pictures = {}
    for label, kind, number in (
        ("benign", "adenosis", 1),
        ("benign", "fibroadenoma", 2),
        ("malignant", "ductal", 3),
        ("malignant", "lobular", 4),
    ):
        for slide in range(3):
            patient = f"14-{number}{slide}AB"
            for zoom in ("40X", "100X"):
                name = f"SOB_{label[0].upper()}_{kind[0].upper()}-{patient}-{zoom[:-1]}-001.png"
                pictures[f"breast/{label}/SOB/{kind}/SOB_{patient}/{zoom}/{name}"] = picture(
                    label, patient
                )
    card = (
        FOLDERS
        + 'classes = ["benign", "malignant"]\npatient = \'^SOB_[BM]_[A-Z]+-(\\d+-\\d+[A-Z]*)-\'\n'
    )
    return Case(root, _draw(root, pictures), ("benign", "malignant"), card)


def patients_in_two_branches(root: Path) -> Case:
    """Kermany's films: `person12_virus_3` and `IM-0012-0001`; the set contains itself once more."""
    pictures = {}
    for at in range(12):
        pictures[f"chest_xray/train/NORMAL/IM-{at:04d}-0001.jpeg"] = picture("NORMAL", f"IM{at}")
        for kind in ("virus", "bacteria"):
            name = f"chest_xray/train/PNEUMONIA/person{at}_{kind}_{at + 3}.jpeg"
            pictures[name] = picture("PNEUMONIA", f"person{at}")
    _draw(root, pictures)
    shutil.copytree(root / "chest_xray", root / "copy" / "chest_xray")
    (root / "copy").rename(root / "chest_xray" / "copy")
    (root / "chest_xray" / "copy" / "chest_xray").rename(root / "chest_xray" / "chest_xray")
    (root / "chest_xray" / "copy").rmdir()
    junk = root / "__MACOSX" / "chest_xray" / "train" / "NORMAL"
    junk.mkdir(parents=True)
    (junk / "._IM-0000-0001.jpeg").write_bytes(b"\0\x05\x16\x07")
    (root / "chest_xray" / ".DS_Store").write_bytes(b"Bud1")
    card = FOLDERS + "patient = 'person(\\d+)_|IM-(\\d+)-'\n"
    return Case(root, pictures, ("NORMAL", "PNEUMONIA"), card)


def _split_folders(root: Path, spell: dict[str, tuple[str, str]]) -> None:
    for split, (healthy, ill) in spell.items():
        for label in (healthy, ill):
            for at in range(10 if split == "train" else 4):
                draw(root / split / label / f"{split}_{at}.png", at, "L")


def spellings_of_folders(root: Path) -> Case:
    """`train/Normal`, `test/NORMAL` and `val/normal` mean one class."""
    _split_folders(
        root,
        {"train": ("Normal", "Covid"), "test": ("NORMAL", "COVID"), "val": ("normal", "covid")},
    )
    return Case(root, card=FOLDERS, errors=frozenset({"class-spelling"}))


def stages_in_train_alone(root: Path) -> Case:
    """Chest CT: train's folders are named with the stage, test's without."""
    _split_folders(
        root,
        {
            "train": ("normal", "large.cell_left.hilum_T2"),
            "valid": ("normal", "large.cell_left.hilum_T2"),
            "test": ("normal", "large.cell"),
        },
    )
    return Case(
        root, card=FOLDERS, split="official", errors=frozenset({"class-spelling", "missing-class"})
    )


def folder_with_a_blank(root: Path) -> Case:
    """`OCT2017 ` ends in a blank; its splits are folders."""
    pictures = {
        f"OCT2017 /{split}/{label}/{label}-{at + 100 * number}-1.jpeg": picture(
            label, f"{label}{at}{split}", split
        )
        for number, (split, count) in enumerate((("train", 8), ("val", 2), ("test", 4)))
        for label in ("CNV", "DME", "NORMAL")
        for at in range(count)
    }
    card = FOLDERS + "patient = '^([A-Z]+-\\d+)-'\n"
    return Case(root, _draw(root, pictures), ("CNV", "DME", "NORMAL"), card, split="official")


def phone_pictures(root: Path) -> Case:
    """HEIC is refused by its name."""
    for label in ("healthy", "ulcer"):
        (root / label).mkdir()
        for at in range(6):
            file = root / label / f"IMG_{at}.HEIC"
            file.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    return Case(root, refusal="HEI[CF]")


CASES = (
    link_to_a_class,
    thumbnails_of_a_nas,
    negative_class_first,
    link_from_val_to_test,
    same_name_and_size_in_another_folder,
    masks_beside_images,
    masks_by_name,
    magnifications_below_classes,
    patients_in_two_branches,
    spellings_of_folders,
    stages_in_train_alone,
    folder_with_a_blank,
    phone_pictures,
)
