"""Reads official split lists: text files with one image name per line."""

from pathlib import Path

import numpy as np

from medtui.datasets.card import OfficialSplit
from medtui.datasets.formats.csv_rows import read_text_lines
from medtui.datasets.formats.csv_table import find_beside
from medtui.datasets.index import NO_SPLIT, TEST, TRAIN, TRAIN_VAL, VAL, SplitNumbers


def read_official(lists: OfficialSplit, root: Path, names: list[str]) -> SplitNumbers:
    """Return the split number of each image according to the lists.

    Raises:
        EnvironmentProblem: a list is missing or cannot be read.
    """
    split_of: dict[str, int] = {}
    for number, file in (
        (TRAIN_VAL, lists.train_val),
        (TRAIN, lists.train),
        (VAL, lists.val),
        (TEST, lists.test),
    ):
        if file is not None:
            lines, _ = read_text_lines(find_beside(root, (file,)))
            split_of |= {line.strip(): number for line in lines if line.strip()}
    splits = [split_of.get(name, split_of.get(name.rpartition("/")[2], NO_SPLIT)) for name in names]
    return np.array(splits, np.int8)
