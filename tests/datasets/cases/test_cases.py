"""The whole table of images, labels and patients of every case is right, or it is refused."""

import re
from pathlib import Path

import pytest

from medtui.datasets.check import check_dataset
from medtui.datasets.findings import require_accepted
from medtui.datasets.resolve import open_source
from medtui.datasets.summary import summarise_source
from medtui.errors import MedtuiError
from medtui.preset import DataSettings
from tests.datasets.cases import (
    class_folders,
    dicom_films,
    file_names,
    labels_and_patients,
    published_films,
    published_pictures,
    similar_sets,
    table_files,
)
from tests.datasets.cases.case import (
    Case,
    Draw,
    expected_groups,
    expected_pictures,
    groups_in,
    pictures_in,
    unknown_in,
)
from tests.datasets.cases.written_cards import settings_by_card

DRAWN = (
    *table_files.CASES,
    *file_names.CASES,
    *labels_and_patients.CASES,
    *class_folders.CASES,
    *published_films.CASES,
    *published_pictures.CASES,
    *dicom_films.CASES,
    *similar_sets.CASES,
)


@pytest.mark.parametrize("draw", DRAWN, ids=lambda draw: draw.__name__)
def test_right_or_refused(draw: Draw, tmp_path: Path) -> None:
    """Images, labels, patients, splits and order of classes are right; else the set is refused."""
    (tmp_path / "set").mkdir()
    case = draw(tmp_path / "set")
    if case.refusal:
        with pytest.raises(MedtuiError) as caught:
            _start(settings_by_card(case, tmp_path))
        said = f"{caught.value} {caught.value.hint}".replace(str(tmp_path), "")
        assert re.search(case.refusal, said)
        return
    settings = settings_by_card(case, tmp_path)
    check = check_dataset(settings, cache_dir=tmp_path / "cache")
    errors = {finding.name for finding in check.findings if finding.rank == "error"}
    assert errors == case.errors, check.findings
    assert case.findings <= {finding.name for finding in check.findings}
    if case.errors:
        return
    assert not check.bad
    _compare(case, settings)


def _start(settings: DataSettings) -> None:
    """Do what a study does with its data before it starts."""
    require_accepted(open_source(settings).findings, settings.accept)


def _compare(case: Case, settings: DataSettings) -> None:
    source = open_source(settings)
    found = pictures_in(source, case.root)
    assert found == expected_pictures(case, found)
    assert groups_in(source, case.root) == expected_groups(case)
    assert unknown_in(source, case.root) == case.unknown
    if case.positive is not None:
        assert source.positive_class == case.positive
    if case.classes is not None:
        assert source.index.classes == case.classes
    counts = summarise_source(source).splits
    assert sum(split.num_images for split in counts) == len(case.pictures)
