"""A set is the same set however its rows, paths and names are written and whatever lies beside."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from medtui.datasets.dataset import open_dataset
from medtui.datasets.resolve import open_source
from medtui.preset import DataSettings
from tests.datasets.cases.case import groups_in, pictures_in
from tests.datasets.cases.drawn_tables import CARD, HEADER, TWO, draw_images, write_csv
from tests.helpers.drawn_images import draw, write_card

COLUMNS = CARD.format(format="table") + (
    '[table]\nfile = ["labels.csv"]\nname_column = "image"\nlabel_column = "label"\n'
    'patient_column = "patient_id"\n'
)
FILES = [f"films/p{at // 4:02d}/View{at % 4}_{at:03d}.png" for at in range(40)]
STYLES: tuple[Callable[[str], str], ...] = (
    str,
    lambda name: name.replace("/", "\\"),
    lambda name: f"D:\\export\\set\\{name}".replace("/", "\\"),
    lambda name: f"/mnt/archive/set/{name}",
    lambda name: name.removeprefix("films/"),
    lambda name: name.rpartition("/")[2],
)
SPELLINGS: tuple[Callable[[str], str], ...] = (str, str.upper, str.lower)


def _write_table(root: Path, rng: random.Random | None) -> None:
    """Write the set's table; with a generator, in another order, style and spelling."""
    rows = [(name, TWO[at % 3 == 0], f"P{at // 4}") for at, name in enumerate(FILES)]
    if rng is not None:
        rng.shuffle(rows)
        style, spell = rng.choice(STYLES), rng.choice(SPELLINGS)
        rows = [(spell(style(name)), label, patient) for name, label, patient in rows]
    write_csv(root / "labels.csv", HEADER, rows)


def _draw_strays(root: Path, rng: random.Random) -> None:
    """Draw files that programs and publishers leave beside images."""
    for name in rng.sample(FILES, 12):
        folder, _, file = name.rpartition("/")
        stray = rng.choice(
            (
                f"{folder}/@eaDir/{file}/SYNOPHOTO_THUMB_M.jpg",
                f"{folder}/masks/{file}",
                f"{folder}/{file.removesuffix('.png')}_mask.png",
                f"__MACOSX/{folder}/._{file}",
            )
        )
        draw(root / stray, seed=rng.randrange(1000), mode="L")
    for name in rng.sample(("Thumbs.db", "README.md", ".DS_Store", "desktop.ini", "notes.txt"), 3):
        (root / "films" / name).write_bytes(b"x")


def _facts(root: Path, card: str, cache: Path) -> tuple[object, ...]:
    settings = DataSettings(card=card, root=str(root))
    source = open_source(settings)
    dataset = open_dataset(settings, cache_dir=cache)
    return dataset.digest, pictures_in(source, root), groups_in(source, root), dataset.classes


@pytest.mark.parametrize("seed", range(12))
def test_order_style_spelling_and_strays_change_nothing(seed: int, tmp_path: Path) -> None:
    """Digest, labels, patients and splits are those of the plain set."""
    rng = random.Random(seed)
    card = write_card(tmp_path, COLUMNS)
    facts = []
    for name in ("plain", f"written anew {seed}"):
        root = tmp_path / name
        draw_images(root, FILES)
        _write_table(root, None if name == "plain" else rng)
        if name != "plain":
            _draw_strays(root, rng)
        facts.append(_facts(root, card, tmp_path / "cache"))
    assert facts[0] == facts[1]


@pytest.mark.parametrize("seed", range(4))
def test_strays_in_class_folders_change_nothing(seed: int, tmp_path: Path) -> None:
    """Thumbnails, masks and notes among class folders are no images."""
    rng = random.Random(seed)
    text = CARD.format(format="folders") + "patient = 'p(\\d+)'\n"
    card = write_card(tmp_path, text)
    names = [f"{TWO[at % 2]}/p{at // 2:02d}_{at:03d}.png" for at in range(30)]
    facts = []
    for folder in ("plain", "with strays"):
        root = tmp_path / folder
        draw_images(root, names)
        if folder != "plain":
            for name in rng.sample(names, 8):
                label, _, file = name.rpartition("/")
                draw(root / label / "@eaDir" / file / "SYNOPHOTO_THUMB_M.jpg", 5, "L")
                draw(root / label / file.replace(".png", "_mask.png"), 6, "L")
            (root / "README").write_bytes(b"x")
            (root / "benign" / "Thumbs.db").write_bytes(b"x")
        facts.append(_facts(root, card, tmp_path / "cache"))
    assert facts[0] == facts[1]
