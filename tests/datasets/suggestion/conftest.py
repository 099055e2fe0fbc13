"""Small data sets in the layouts of published ones."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.helpers.drawn_images import draw

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes images and text files below `set`, and returns that folder."""

    def write_set(images: Iterable[str], mode: str = "L", **texts: str) -> Path:
        root = tmp_path / "set"
        for seed, name in enumerate(images):
            draw(root / name, seed, mode)
        for name, text in texts.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return root

    return write_set
