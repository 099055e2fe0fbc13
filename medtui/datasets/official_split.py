"""Published split lists: a text file of image names, one a line."""

from pathlib import Path

import numpy as np

from medtui.datasets.card import OfficialSplit
from medtui.datasets.formats.csv_rows import read_text_lines
from medtui.datasets.formats.csv_table import find_beside
from medtui.datasets.index import NO_PART, TEST, TRAIN, TRAIN_VAL, VAL, Parts


def read_official(lists: OfficialSplit, root: Path, names: list[str]) -> Parts:
    """Return the part that the lists name for each image.

    Raises:
        EnvironmentProblem: a list is missing or cannot be read.
    """
    part_of: dict[str, int] = {}
    for number, file in (
        (TRAIN_VAL, lists.train_val),
        (TRAIN, lists.train),
        (VAL, lists.val),
        (TEST, lists.test),
    ):
        if file is not None:
            lines, _ = read_text_lines(find_beside(root, (file,)))
            part_of |= {line.strip(): number for line in lines if line.strip()}
    parts = [part_of.get(name, part_of.get(name.rpartition("/")[2], NO_PART)) for name in names]
    return np.array(parts, np.int8)
