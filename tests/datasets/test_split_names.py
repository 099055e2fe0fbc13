"""Splits by the names of folders, tables and cells."""

import pytest

from medtui.datasets.index import NO_SPLIT, TEST, TRAIN, TRAIN_VAL, VAL
from medtui.datasets.split_names import split_of_folders, split_of_name


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", TRAIN), ("Training", TRAIN), ("train_set", TRAIN), ("a. Training Set", TRAIN),
        ("TrainData", TRAIN), ("stage_2_train_images", TRAIN), ("ISIC_2019_Training_Input", TRAIN),
        ("valid", VAL), ("validate", VAL), ("VALIDATION", VAL), ("dev", VAL),
        ("Testing", TEST), ("test-images", TEST), ("b. Testing Set", TEST),
        ("train_val", TRAIN_VAL), ("train_test", None), ("constrained", None), ("contest", None),
        ("benign", None), ("", None),
    ],
)  # fmt: skip
def test_words_of_splits(name: str, split: int | None) -> None:
    """Whole words count, in any case and beside other words; a word inside a word does not."""
    assert split_of_name(name) == split


def test_folders_of_splits() -> None:
    """Training and Testing are an official split; a class called test is none."""
    paths = ["Training/a/1.png", "Testing/a/2.png", "extra/3.png"]
    found = split_of_folders(paths)
    assert found is not None
    assert found.tolist() == [TRAIN_VAL, TEST, NO_SPLIT]
    assert split_of_folders(["train/a/1.png", "train/test/2.png"], {"a", "test"}) is None
    assert split_of_folders(["Training/a/1.png", "b/2.png"]) is None
