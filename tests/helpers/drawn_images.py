"""Image files and cards, drawn and written where a test wants them."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

FOLDERS = """
schema = 1
name = "cells"
format = "folders"
channels = 3
size = 16
patient = '^(P\\d+)_'
"""

TABLE = """
schema = 1
name = "films"
format = "table"
channels = 1
size = 16
"""


def draw(path: Path, seed: int, mode: str = "RGB") -> Path:
    """Write an image of smooth noise, 20 x 24 pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    Image.fromarray(coarse).resize((20, 24), Image.Resampling.BICUBIC).convert(mode).save(path)
    return path


def write_card(folder: Path, text: str) -> str:
    """Write a card and give its path."""
    path = folder / "card.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def encode(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    """Return an encoded image."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def write_medmnist(
    path: Path, shape: tuple[int, ...], columns: int = 1, high: int = 2, **more: object
) -> str:
    """Write an npz file of noise in MedMNIST's layout."""
    rng = np.random.default_rng(0)
    arrays: dict[str, object] = {}
    for part, count in (("train", 40), ("val", 12), ("test", 12)):
        arrays[f"{part}_images"] = rng.integers(0, 256, (count, *shape), np.uint8)
        labels = np.arange(count * columns).reshape(count, columns) % high
        arrays[f"{part}_labels"] = labels.astype(np.uint8)
    np.savez(path, **(arrays | more))
    return str(path)
