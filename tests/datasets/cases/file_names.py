"""Names in tables and lists that differ from the names of the files."""

import unicodedata
from dataclasses import replace
from pathlib import Path

from tests.datasets.cases.case import OPEN, Case, picture
from tests.datasets.cases.drawn_tables import (
    CARD,
    HEADER,
    TWO,
    answers,
    draw_images,
    two_classes,
    write_csv,
)
from tests.helpers.drawn_images import draw


def _case(root: Path, in_table: list[str], on_disk: list[str], folder: str = "images") -> Case:
    rows = two_classes(len(on_disk))
    draw_images(root / folder, on_disk)
    write_csv(
        root / "labels.csv",
        HEADER,
        [(name, *row[1:]) for name, row in zip(in_table, rows, strict=True)],
    )
    truth = [(name, *row[1:]) for name, row in zip(on_disk, rows, strict=True)]
    return Case(root, answers(truth, folder), TWO)


def suffix_in_other_case(root: Path) -> Case:
    """`.jpg` in the table, `.JPG` on the disk."""
    names = [f"img_{at:03d}" for at in range(24)]
    return _case(root, [f"{name}.jpg" for name in names], [f"{name}.JPG" for name in names])


def converted_files(root: Path) -> Case:
    """`.dcm` in the table, `.png` on the disk."""
    names = [f"img_{at:03d}" for at in range(24)]
    return _case(root, [f"{name}.dcm" for name in names], [f"{name}.png" for name in names])


def lost_zeros(root: Path) -> Case:
    """Excel made `00007` the number 7."""
    names = [f"{at:05d}.png" for at in range(24)]
    return _case(root, [str(at) for at in range(24)], names)


def backslashes(root: Path) -> Case:
    """Paths that Windows wrote."""
    names = [f"p{at // 4}/view{at % 4}.png" for at in range(24)]
    paths = [f"D:\\films\\images\\{name}".replace("/", "\\") for name in names]
    return _case(root, paths, names)


def decomposed_umlauts(root: Path) -> Case:
    """Names that a Mac stored in NFD under a table in NFC."""
    names = [f"Müller Aufnahme {at}.png" for at in range(24)]
    return _case(root, names, [unicodedata.normalize("NFD", name) for name in names])


def no_suffix(root: Path) -> Case:
    """PNG files without an ending, as an archive exports them."""
    names = [f"IM{at:06d}" for at in range(24)]
    case = _case(root, names, [f"{name}.png" for name in names])
    for name in names:
        (root / "images" / f"{name}.png").rename(root / "images" / name)
    return Case(
        root, {key.removesuffix(".png"): value for key, value in case.pictures.items()}, TWO
    )


def odd_characters(root: Path) -> Case:
    """Commas, quotes, brackets and dots; a link to the folder, and an archive beside it."""
    kinds = ("scan, left {}.png", 'scan "a" {}.PNG', "scan [x] {}.png", "scan.v2.{}.png")
    names = [kinds[at % 4].format(at) for at in range(24)]
    case = _case(root, names, names)
    (root / "link_to_images").symlink_to("images")
    (root / "more.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    return case


def linked_folder(root: Path) -> Case:
    """The folder of the images is a link, and the table lies beside the link."""
    case = _case(root / "project", *([f"i{at}.png" for at in range(24)],) * 2)
    (root / "store").mkdir()
    (root / "project" / "images").rename(root / "store" / "images")
    (root / "project" / "images").symlink_to("../store/images")
    pictures = {key.removeprefix("images/"): value for key, value in case.pictures.items()}
    return Case(root / "project" / "images", pictures, TWO)


def same_name_in_every_folder(root: Path) -> Case:
    """CheXpert's `view1_frontal.jpg`: only the folders tell the images apart."""
    names = [f"train/patient{at // 2:05d}/study{at % 2 + 1}/view1_frontal.jpg" for at in range(24)]
    rows = [(f"Set-v1.0-small/{name}", TWO[at % 3 == 0]) for at, name in enumerate(names)]
    for seed, name in enumerate(names):
        draw(root / "Set-v1.0-small" / name, seed, "L")
    write_csv(root / "Set-v1.0-small" / "train.csv", ("Path", "label"), rows)
    card = CARD.format(format="table") + (
        "patient = 'patient(\\d+)'\n[table]\nfile = [\"train.csv\"]\n"
        'name_column = "Path"\nlabel_column = "label"\n'
    )
    pictures = {name: picture(TWO[at % 3 == 0], at // 2) for at, name in enumerate(names)}
    return Case(root / "Set-v1.0-small", pictures, TWO, card)


OFFICIAL = CARD.format(format="table") + (
    'split = "official"\n[table]\nfile = ["labels.csv"]\nname_column = "image"\n'
    'label_column = "label"\npatient_column = "patient_id"\n'
    '[official]\ntrain_val = "train.txt"\ntest = "test.txt"\n'
)


def _listed(root: Path, form: str, overlap: int = 0) -> Case:
    rows = two_classes(32)
    draw_images(root / "images", (row[0] for row in rows))
    write_csv(root / "labels.csv", HEADER, rows)
    stems = [row[0].removesuffix(".png") for row in rows]
    for name, chosen in (("train.txt", stems[: 24 + overlap]), ("test.txt", stems[24:])):
        (root / name).write_text("\n".join(form.format(stem) for stem in chosen) + "\n")
    pictures = {
        f"images/{name}": picture(label, patient, OPEN if at < 24 else "test")
        for at, (name, label, patient) in enumerate(rows)
    }
    return Case(root, pictures, TWO, OFFICIAL)


def lists_without_suffix(root: Path) -> Case:
    """Official lists of names without an ending."""
    return _listed(root, "{}")


def lists_with_folders(root: Path) -> Case:
    """Official lists of paths."""
    return _listed(root, "images/{}.png")


def lists_that_overlap(root: Path) -> Case:
    """Six images are in the list of train and in that of test: they are tested alone."""
    case = _listed(root, "{}.png", overlap=6)
    return replace(case, findings=frozenset({"overlapping-lists"}))


CASES = (
    suffix_in_other_case,
    converted_files,
    lost_zeros,
    backslashes,
    decomposed_umlauts,
    no_suffix,
    odd_characters,
    linked_folder,
    same_name_in_every_folder,
    lists_without_suffix,
    lists_with_folders,
    lists_that_overlap,
)
