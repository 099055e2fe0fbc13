"""Augmentation of a whole batch on its device: one resampling, then one affine map of colours.

torchvision's transforms process one image per call and resample or scan it once for each of them.
Here all geometric transforms are one affine grid, and brightness, contrast, saturation, hue and
normalisation are one matrix product per image, so a batch takes a constant number of operations.
Random parameters are drawn on the CPU, so that a batch is the same on every device.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from medtui.preset.augmenting import Augment

_LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in grey. Source: ITU-R BT.601, as in torchvision."""

_YIQ = torch.tensor(
    [[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]]
)
"""RGB to YIQ; a rotation of the IQ plane changes hue and keeps luma. Source: FCC NTSC, 1953."""

_TO_RGB = torch.linalg.inv(_YIQ)

_QUARTER = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""Rotation of the IQ plane by 90 degrees."""


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of each channel, for pixels scaled to 0..1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


def normalise(images_NCHW: Tensor, by: Normalisation) -> Tensor:
    """Return uint8 images as normalised float32, (N, C, H, W)."""
    mean = torch.tensor(by.mean, device=images_NCHW.device).view(1, -1, 1, 1)
    std = torch.tensor(by.std, device=images_NCHW.device).view(1, -1, 1, 1)
    return (images_NCHW.float() / 255 - mean) / std


def augment(images_NCHW: Tensor, how: Augment, by: Normalisation, rng: torch.Generator) -> Tensor:
    """Return uint8 images, augmented and normalised, as float32 of the same shape.

    Flips and rotation are one bilinear resampling, in which pixels from outside of the image are
    black: torchvision's `rotate` without a fill. `RandomRotation` passes fill=0, which changes
    pixels at the edge. Colour jitter is one affine map per image and clamps nothing.
    """
    pixels = images_NCHW.float() / 255
    if how.flip_horizontal or how.flip_vertical or how.rotation_degrees:
        pixels = _resample(pixels, how, rng)
    count, channels, height, width = pixels.shape
    matrix_NCC, offset_NC1 = _colour_map(pixels, how, by, rng)
    flat = torch.baddbmm(offset_NC1, matrix_NCC, pixels.reshape(count, channels, height * width))
    return flat.view(count, channels, height, width)


def _uniform(count: int, low: float, high: float, rng: torch.Generator) -> Tensor:
    return torch.rand(count, generator=rng) * (high - low) + low


def _signs(count: int, *, random: bool, rng: torch.Generator) -> Tensor:
    drawn = torch.rand(count, generator=rng)
    return torch.where(drawn < 0.5, -1.0, 1.0) if random else torch.ones(count)  # noqa: PLR2004 - a coin


def _resample(pixels_NCHW: Tensor, how: Augment, rng: torch.Generator) -> Tensor:
    count = len(pixels_NCHW)
    degrees = _uniform(count, -how.rotation_degrees, how.rotation_degrees, rng)
    mirror_x = _signs(count, random=how.flip_horizontal, rng=rng)
    mirror_y = _signs(count, random=how.flip_vertical, rng=rng)
    angle = degrees * (math.pi / 180)
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros(count)
    rows = [cos * mirror_x, -sin * mirror_x, zero, sin * mirror_y, cos * mirror_y, zero]
    theta_N23 = torch.stack(rows, dim=1).view(count, 2, 3).to(pixels_NCHW.device)
    grid = _grid(theta_N23, *pixels_NCHW.shape[2:])
    return F.grid_sample(pixels_NCHW, grid, align_corners=False)


def _grid(theta_N23: Tensor, height: int, width: int) -> Tensor:
    """Return the same as `F.affine_grid`, whose matrix product takes as long as the resampling."""
    x_W = (torch.arange(width, device=theta_N23.device) * 2 + 1) / width - 1
    y_H1 = ((torch.arange(height, device=theta_N23.device) * 2 + 1) / height - 1).unsqueeze(1)
    theta = theta_N23.unsqueeze(-1).unsqueeze(-1)
    along_N2HW = theta[:, :, 0] * x_W + theta[:, :, 1] * y_H1 + theta[:, :, 2]
    return along_N2HW.permute(0, 2, 3, 1)


def _colour_map(
    pixels_NCHW: Tensor, how: Augment, by: Normalisation, rng: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return each image's matrix (N, C, C) and offset (N, C, 1): jitter, then normalisation."""
    count, channels = pixels_NCHW.shape[:2]
    device = pixels_NCHW.device
    brightness = _uniform(count, 1 - how.brightness, 1 + how.brightness, rng)
    contrast = _uniform(count, 1 - how.contrast, 1 + how.contrast, rng)
    matrix = torch.eye(channels).expand(count, -1, -1)
    if channels == 3:  # noqa: PLR2004 - only RGB has saturation and hue
        saturation = _uniform(count, 1 - how.saturation, 1 + how.saturation, rng)
        hue = _uniform(count, -how.hue, how.hue, rng)
        matrix = _turn_and_saturate(hue, saturation)
    luma = torch.tensor(_LUMA if channels == 3 else (1.0 / channels,) * channels)  # noqa: PLR2004
    grey_N = pixels_NCHW.mean(dim=(2, 3)) @ luma.to(device) * brightness.to(device)
    scaled = (matrix * (brightness * contrast).view(-1, 1, 1)).to(device)
    offset = (grey_N * (1 - contrast).to(device)).view(-1, 1, 1).expand(-1, channels, -1)
    mean = torch.tensor(by.mean, device=device).view(1, -1, 1)
    std = torch.tensor(by.std, device=device).view(1, -1, 1)
    return scaled / std, (offset - mean) / std


def _turn_and_saturate(turns_N: Tensor, saturation_N: Tensor) -> Tensor:
    """Return each image's colour matrix (N, 3, 3); hue is in fractions of a full rotation.

    A rotation by an angle a is A + cos(a) B + sin(a) C with constant matrices, so all images need
    one sum instead of a product each. It does not change grey; saturation, a mixture of a colour
    with its grey, is therefore a mixture of the rotation with the grey matrix.
    """
    luma = _TO_RGB[:, :1] @ _YIQ[:1]
    in_phase = _TO_RGB[:, 1:] @ _YIQ[1:]
    quarter = _TO_RGB @ _QUARTER @ _YIQ
    angle = (turns_N * (2 * math.pi)).view(-1, 1, 1)
    turn_N33 = luma + angle.cos() * in_phase + angle.sin() * quarter
    weight = saturation_N.view(-1, 1, 1)
    mixed_N33: Tensor = weight * turn_N33 + (1 - weight) * torch.tensor(_LUMA)
    return mixed_N33
