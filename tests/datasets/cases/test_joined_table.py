"""The guide's lines join the tables of MIMIC-CXR-JPG to the one that its card reads."""

import gzip
import re
import subprocess
import sys
from pathlib import Path

import pytest

from medtui.datasets.resolve import open_source
from tests.datasets.cases import published_films
from tests.datasets.cases.case import (
    expected_groups,
    expected_pictures,
    groups_in,
    pictures_in,
    settings_of,
    unknown_in,
)
from tests.helpers.paths import REPOSITORY

GUIDE = REPOSITORY / "docs" / "how-to" / "use-a-public-data-set.md"


@pytest.mark.parametrize("is_compressed", [True, False], ids=["compressed", "unpacked"])
def test_the_joined_table_is_right(is_compressed: bool, tmp_path: Path) -> None:
    """Labels of the study, patient and official split arrive at each film."""
    case = published_films.mimic_tables(tmp_path)
    if is_compressed:
        for path in list(tmp_path.glob("*.csv")):
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
            path.unlink()
    (lines,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    subprocess.run([sys.executable, "-c", lines], cwd=tmp_path, check=True)
    source = open_source(settings_of(case, case.card))
    found = pictures_in(source, case.root)
    assert found == expected_pictures(case, found)
    assert groups_in(source, case.root) == expected_groups(case)
    assert unknown_in(source, case.root) == case.unknown
    assert source.has_patients
