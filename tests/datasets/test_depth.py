"""The range of deep pixels is that of the whole set, and mixed depths are an error."""

import json
from pathlib import Path

import numpy as np
import pytest

from medtui.datasets.cache.administration import clear_entries, list_entries
from medtui.datasets.check import check_dataset
from medtui.datasets.dataset import Dataset, open_dataset
from medtui.datasets.files import pixels as file_pixels
from medtui.datasets.progress import Progress
from medtui.preset import DataSettings
from tests.helpers.deep_images import png16
from tests.helpers.drawn_images import FOLDERS, draw, write_card

GREY = FOLDERS.replace("channels = 3", "channels = 1")


def film(seed: int, largest: int) -> bytes:
    """Return a smooth 16-bit PNG whose largest value is `largest`."""
    values = np.linspace(0, largest, 20 * 24).reshape(24, 20)
    return png16(np.roll(values, seed, axis=1).astype(np.uint16))


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Return a root of 60 films of 12 bits, every third of them dark."""
    root = tmp_path / "films"
    for number in range(60):
        path = root / ("mass", "normal")[number % 2] / f"P{number // 5}_{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(film(number, 3041 if number % 3 else 900))
    return root


def settings_of(root: Path, more: str = "", **given: object) -> DataSettings:
    """Return settings with a card of grey films."""
    card = write_card(root.parent, f"{GREY}{more}\n")
    return DataSettings(card=card, root=str(root)).model_copy(update=given)


def levels(dataset: Dataset) -> dict[str, int]:
    """Return each image's largest pixel."""
    return {
        name: int(image.max())
        for split in dataset.splits
        for name, image in zip(split.names, split.images_NHWC, strict=True)
    }


def names_of(dataset: Dataset, rank: str) -> set[str]:
    """Return the names of findings of a rank."""
    return {each.name for each in dataset.findings if each.rank == rank}


def test_the_range_is_that_of_the_set(films: Path) -> None:
    """12-bit films become bright, and dark ones stay dark: one scale for all."""
    dataset = open_dataset(settings_of(films))
    found = levels(dataset)
    assert max(found.values()) == pytest.approx(3041 >> 4, abs=6)
    assert min(found.values()) == pytest.approx(900 >> 4, abs=3)
    assert check_dataset(settings_of(films)).bits == 12
    (note,) = [each for each in dataset.findings if each.name == "deep-pixels"]
    assert "12 bits" in note.sentence
    assert "3,041" in note.sentence
    assert not names_of(dataset, "error")


def test_a_limited_set_has_the_pixels_of_the_whole(films: Path) -> None:
    """The range does not depend on which images a limit leaves."""
    whole = levels(open_dataset(settings_of(films)))
    clear_entries(list_entries())
    (films / "normal" / "P0_1.png").write_bytes(film(1, 4000))  # 12 bits as before
    for limit in (2, 4):
        few = levels(open_dataset(settings_of(films, limit=limit)))
        assert few == {name: whole[name] for name in few}


def test_the_range_of_a_limited_set_follows_a_change_of_other_files(films: Path) -> None:
    """An entry whose range was measured on other files is built anew."""
    settings = settings_of(films, limit=2)
    before = open_dataset(settings)
    used = {name for split in before.splits for name in split.names}
    other = next(
        each for each in sorted(films.rglob("*.png")) if str(each.relative_to(films)) not in used
    )
    other.write_bytes(film(0, 60000))
    after = open_dataset(settings)
    assert max(levels(after).values()) <= 3041 >> 8
    assert names_of(after, "error") == {"mixed-bit-depths"}


@pytest.mark.parametrize("stop", [16, 48, 70])
def test_an_interrupted_build_ends_with_the_same_pixels(
    films: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    """Interrupted while decoding or while scaling dark images again, a build is continued."""
    monkeypatch.setattr(file_pixels, "JOB_IMAGES", 4)
    whole = open_dataset(settings_of(films)).digest
    clear_entries(list_entries())
    count = 0

    def cancel(progress: Progress) -> None:
        nonlocal count
        count += 4
        if count > stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_dataset(settings_of(films), progress=cancel)
    assert open_dataset(settings_of(films)).digest == whole


def test_the_card_states_the_range(films: Path) -> None:
    """`bits` and `window` replace the measured range; values above are white and warned of."""
    measured = open_dataset(settings_of(films))
    stated = open_dataset(settings_of(films, "bits = 12"))
    assert stated.digest == measured.digest
    narrow = open_dataset(settings_of(films, "bits = 10"))
    assert max(levels(narrow).values()) == 255
    assert "values-above-range" in names_of(narrow, "warning")
    wide = open_dataset(settings_of(films, "bits = 16"))
    assert "range-too-wide" in names_of(wide, "warning")
    window = open_dataset(settings_of(films, "window = [0.0, 900.0]"))
    assert set(levels(window).values()) >= {255}
    assert len({each.name for each in list_entries()}) == 5


def _add_8_bit(root: Path) -> None:
    draw(root / "mass" / "P3_flat.png", seed=1, mode="L")


def _add_16_bit(root: Path) -> None:
    (root / "mass" / "P3_full.png").write_bytes(film(0, 65000))


@pytest.mark.parametrize("add", [_add_8_bit, _add_16_bit])
def test_mixed_depths_are_an_error_unless_the_card_states_the_range(
    films: Path, add: object
) -> None:
    """One file of another depth is enough; with `bits` in the card it is a warning."""
    add(films)
    assert names_of(open_dataset(settings_of(films)), "error") == {"mixed-bit-depths"}
    stated = open_dataset(settings_of(films, "bits = 12"))
    assert not names_of(stated, "error")
    assert "mixed-bit-depths" in names_of(stated, "warning")


def test_a_few_black_images_are_no_other_depth(films: Path) -> None:
    """An image without content among deep ones is not reported."""
    (films / "mass" / "P3_black.png").write_bytes(film(0, 3))
    assert not names_of(open_dataset(settings_of(films)), "error")


def test_entries_of_earlier_versions_are_built_again_only_where_pixels_differ(
    films: Path, settings: DataSettings
) -> None:
    """Entries of flat images stay; those of deep ones had lost their low bytes."""
    decoded: list[str] = []
    for each, is_built_again in ((settings_of(films), True), (settings, False)):
        clear_entries(list_entries())
        open_dataset(each)
        (entry,) = list_entries()
        record = json.loads((entry.path / "index.json").read_bytes())
        for key in ("decoder", "largest", "bits", "range_key"):
            record.pop(key)
        (entry.path / "index.json").write_text(json.dumps(record))
        decoded.clear()
        open_dataset(each, progress=lambda progress: decoded.append(progress.stage))
        assert bool(decoded) == is_built_again
