"""The pixels of every case are right, or the set is refused."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medtui.datasets.check import check_dataset
from medtui.datasets.dataset import open_dataset
from medtui.preset import DataSettings
from tests.datasets.cases import dicom_films, pixels
from tests.datasets.cases.drawn_tables import CARD
from tests.datasets.cases.pixels import PixelCase
from tests.datasets.cases.written_cards import settings_by_card
from tests.helpers.drawn_images import write_card


@pytest.mark.parametrize(
    "draw", [*pixels.CASES, dicom_films.class_folders], ids=lambda draw: draw.__name__
)
def test_right_pixels_or_refused(draw: Callable[[Path], PixelCase], tmp_path: Path) -> None:
    """Each image is as bright as the truth says, at every pixel; else the set is refused."""
    (tmp_path / "set").mkdir()
    drawn = draw(tmp_path / "set")
    settings = settings_by_card(drawn.case, tmp_path)
    check = check_dataset(settings, cache_dir=tmp_path / "cache")
    errors = {finding.name for finding in check.findings if finding.rank == "error"}
    assert errors == drawn.case.errors
    assert not check.bad
    if errors:
        return
    dataset = open_dataset(settings, cache_dir=tmp_path / "cache")
    found = {
        name: image[..., 0] / 255
        for split in dataset.splits
        for name, image in zip(split.names, split.images_NHWC, strict=True)
    }
    assert found.keys() == drawn.grey.keys()
    for name, grey in drawn.grey.items():
        np.testing.assert_allclose(found[name], grey, atol=drawn.tolerance, err_msg=name)


def test_the_sets_own_range_is_one_scale(tmp_path: Path) -> None:
    """Without `bits`, all images of a set are scaled alike, and the levels survive."""
    (tmp_path / "set").mkdir()
    drawn = pixels.twelve_bits_in_sixteen(tmp_path / "set")
    settings = DataSettings(card=write_card(tmp_path, pixels.FOLDERS), root=str(drawn.case.root))
    dataset = open_dataset(settings, cache_dir=tmp_path / "cache")
    images = [
        (name, image)
        for split in dataset.splits
        for name, image in zip(split.names, split.images_NHWC, strict=True)
    ]
    scales = [image.mean() / 255 / drawn.grey[name].mean() for name, image in images]
    np.testing.assert_allclose(scales, scales[0], rtol=0.02)
    assert len(np.unique([image for _, image in images])) > 64


def test_two_variants_under_the_same_names(tmp_path: Path) -> None:
    """Files of the same names, sizes and times in two folders are two sets to the cache."""
    means = []
    for variant, value in (("raw", 80), ("stain_normalised", 170)):
        for at in range(20):
            path = tmp_path / variant / ("benign", "malignant")[at % 2] / f"{at:03d}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((40, 40), value + at, np.uint8)).save(path)
            os.utime(path, (315532800, 315532800))
        settings = DataSettings(
            card=write_card(tmp_path, CARD.format(format="folders")), root=str(tmp_path / variant)
        )
        means.append(check_dataset(settings, cache_dir=tmp_path / "cache").mean[0] * 255)
    assert means[0] == pytest.approx(90, abs=5)
    assert means[1] == pytest.approx(180, abs=5)
