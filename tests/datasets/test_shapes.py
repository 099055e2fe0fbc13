"""The shapes of the files, and what they tell of the labels."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medtui.datasets.check import Check, check_dataset
from medtui.preset import DataSettings
from tests.helpers.drawn_images import FOLDERS, write_card


def check_of(folder: Path, widths: dict[str, list[int]]) -> Check:
    """Check a set with one grey image of height 20 per width, by class."""
    number = 0
    for label, each in widths.items():
        (folder / "root" / label).mkdir(parents=True)
        for width in each:
            image = Image.fromarray(np.full((20, width, 3), number % 251, np.uint8))
            image.save(folder / "root" / label / f"P{number}_{number}.png")
            number += 1
    card = write_card(folder, FOLDERS)
    return check_dataset(DataSettings(card=card, root=str(folder / "root")))


def shape_warnings(check: Check) -> list[str]:
    """Return the sentences of shape findings."""
    return [each.sentence for each in check.findings if each.name == "shape-predicts-class"]


def test_medians_are_shown_by_class(tmp_path: Path) -> None:
    """The check has the median of width / height of each class."""
    check = check_of(tmp_path, {"ap": [20] * 9 + [40] * 3, "pa": [30] * 12})
    assert check.aspects == {"ap": 1.0, "pa": 1.5}
    assert check.as_object()["aspects"] == {"ap": 1.0, "pa": 1.5}


def test_a_shape_that_predicts_the_class_is_a_warning(tmp_path: Path) -> None:
    """Two projections of different shapes are named with AUROC and count."""
    check = check_of(tmp_path, {"ap": [18, 20, 22, 24] * 10, "pa": [22, 26, 28, 30] * 10})
    (sentence,) = shape_warnings(check)
    assert "ap (AUROC 0.91, 40 images)" in sentence


@pytest.mark.parametrize(
    "widths",
    [
        {"ap": [18, 20, 22, 24] * 10, "pa": [18, 20, 22, 24] * 10},
        {"ap": [20] * 40, "pa": [20] * 40},
        {"ap": [18, 19, 20, 21], "pa": [22, 23, 24, 25]},
    ],
)
def test_like_shapes_and_small_sets_are_none(tmp_path: Path, widths: dict[str, list[int]]) -> None:
    """Equal shapes, one shape, and separations that a few images reach by chance are no warning."""
    assert not shape_warnings(check_of(tmp_path, widths))
