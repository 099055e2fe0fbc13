"""Scales images to squares with Pillow: 8-bit images, and planes of floating-point numbers."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medtui.datasets.decoding.image_stats import Images
from medtui.datasets.decoding.settings import Fit


def scale(image: Image.Image, size: int, fit: Fit) -> Image.Image:
    """Scale an `L`, `RGB` or `F` image, bilinear; with `pad`, one side may stay below `size`."""
    width, height = image.size
    shape = size, size
    if fit == "crop" and width != height:
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    elif fit == "pad":
        longest = max(width, height)
        shape = max(1, round(width * size / longest)), max(1, round(height * size / longest))
    return image if image.size == shape else image.resize(shape, Image.Resampling.BILINEAR)


def scale_values(values_HWC: NDArray[np.float32], size: int, fit: Fit) -> NDArray[np.float32]:
    """Scale each channel as `scale` does."""
    planes = [
        np.asarray(scale(Image.fromarray(np.ascontiguousarray(plane_HW)), size, fit))
        for plane_HW in np.moveaxis(values_HWC, -1, 0)
    ]
    return np.stack(planes, axis=-1)


def pad(pixels_HWC: Images, size: int) -> Images:
    """Return pixels in the middle of a black square."""
    height, width, channels = pixels_HWC.shape
    if height == width == size:
        return pixels_HWC
    square_HWC = np.zeros((size, size, channels), np.uint8)
    top, left = (size - height) // 2, (size - width) // 2
    square_HWC[top : top + height, left : left + width] = pixels_HWC
    return square_HWC
