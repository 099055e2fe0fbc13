"""Which files below a folder are images of the set."""

from pathlib import Path

import pytest

from medtui.datasets.files.ignored import IgnoreRules
from medtui.datasets.files.scan import require_images, scan
from medtui.errors import EnvironmentProblem
from tests.helpers.drawn_images import draw


def images(root: Path, *paths: str) -> Path:
    """Draw images at paths below a root."""
    for seed, path in enumerate(paths):
        draw(root / path, seed)
    return root


def test_real_folders_come_before_links(tmp_path: Path) -> None:
    """A link beside its target is skipped under its own name, whatever the order of names."""
    images(tmp_path, "Parasitized/1.png", "Uninfected/2.png")
    (tmp_path / "Newest").symlink_to(tmp_path / "Parasitized")
    (tmp_path / "Alpha").mkdir()
    (tmp_path / "Alpha" / "inner").symlink_to(tmp_path / "Uninfected")
    found = scan(tmp_path)
    assert found.files == ["Parasitized/1.png", "Uninfected/2.png"]
    assert found.loops == ["Alpha/inner", "Newest"]


def test_system_folders_are_not_entered(tmp_path: Path) -> None:
    """Thumbnails of a file server and forks of an archive are no images."""
    images(tmp_path, "a/1.png", "a/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg", "__MACOSX/a/1.png")
    found = scan(tmp_path)
    assert found.files == ["a/1.png"]
    (finding,) = found.findings
    assert (finding.name, finding.rank) == ("system-folders", "note")
    assert finding.sentence.startswith("2 system folders skipped")


@pytest.mark.parametrize(
    ("kept", "masks"),
    [
        (["COVID/images/1.png"], ["COVID/masks/1.png"]),
        (["benign/benign (1).png"], ["benign/benign (1)_mask.png", "benign/benign (1)_mask_1.png"]),
        (["train/a/1.png", "train/a/2.png"], ["train_masks/a/1.png"]),
        (["a/1.png"], ["a/thumbs/1.png", "a/thumb_1.png"]),
        (["Original Images/I_1.jpg"], ["2. All Segmentation Groundtruths/I_1_MA.tif"]),
    ],
)
def test_masks_and_thumbnails_of_images_are_passed_over(
    tmp_path: Path, kept: list[str], masks: list[str]
) -> None:
    """Files that accompany an image are counted in a finding and are no images."""
    found = scan(images(tmp_path, *kept, *masks))
    assert found.files == kept
    assert found.masks == sorted(masks)
    assert found.findings[0].name == "masks"


@pytest.mark.parametrize(
    "names",
    [
        ["with_mask/with_mask_1.jpg", "without_mask/without_mask_1.jpg"],
        ["mask/1.jpg", "no_mask/1.jpg"],
        ["masks/1.png", "masks/2.png"],
        ["scans/a_mask_1.png", "scans/b_mask_1.png"],
    ],
)
def test_pictures_of_masks_are_images(tmp_path: Path, names: list[str]) -> None:
    """A set about masks, and a folder that is the only one with images, is not passed over."""
    assert scan(images(tmp_path, *names)).files == sorted(names)


def test_the_card_decides(tmp_path: Path) -> None:
    """Classes and `!` patterns keep what looks like masks; patterns ignore files and folders."""
    root = images(tmp_path, "images/1.png", "masks/1.png", "raw/2.png", "images/1_old.png")
    assert scan(root, IgnoreRules(classes=("Masks",))).masks == []
    assert scan(root, IgnoreRules(("!masks/*",))).masks == []
    found = scan(root, IgnoreRules(("raw", "*_old*")))
    assert found.files == ["images/1.png"]
    assert sorted(found.ignored) == ["images/1_old.png", "raw"]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif", ".gif", ".webp"])
def test_files_without_a_suffix_are_known_by_content(tmp_path: Path, suffix: str) -> None:
    """`IM000001` and `1.2.840.45` are images if they begin like one; text is not."""
    for name in ("IM000001", "1.2.840.45"):
        draw(tmp_path / f"x{suffix}", 1).rename(tmp_path / name)
    (tmp_path / "README").write_text("BM is how this text begins, and it is no picture")
    found = scan(tmp_path)
    assert found.files == ["1.2.840.45", "IM000001"]
    assert found.others == ["README"]


def test_formats_that_are_not_read_are_named(tmp_path: Path) -> None:
    """HEIC is refused with its name and the cure, also without a suffix."""
    (tmp_path / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0")
    (tmp_path / "IMG_2").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0")
    found = scan(tmp_path)
    with pytest.raises(EnvironmentProblem, match=r"2 HEIC files.*convert them to PNG or JPEG"):
        require_images(found, tmp_path)
    draw(tmp_path / "1.png", 1)
    (finding,) = scan(tmp_path).findings
    assert (finding.name, finding.rank) == ("unsupported-files", "error")
