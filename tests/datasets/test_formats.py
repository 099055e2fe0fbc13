"""A data set format is one module and one row."""

import inspect
from importlib import import_module
from typing import get_args

import pytest

from medtui.datasets.formats import FORMATS, Format


def test_each_format_has_a_row() -> None:
    """Every format of the card's model has a reader."""
    assert set(FORMATS) == set(get_args(Format))


@pytest.mark.parametrize("name", FORMATS)
def test_each_row_names_a_reader(name: Format) -> None:
    """Its module indexes images from a card, a path and a size."""
    reader = import_module(FORMATS[name].module).index_images
    assert len(inspect.signature(reader).parameters) == 3
