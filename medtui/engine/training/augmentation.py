"""Augmentation of a whole batch on its device: one resampling, then one affine map of colours.

torchvision's transforms process one image per call and resample or scan it once for each of them.
Here all geometric transforms are one affine grid, and brightness, contrast, saturation, hue and
normalisation are one matrix product per image, so a batch takes a constant number of operations.
What is random is drawn beforehand, on the CPU (`augmentation_draws`).
"""

from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from medtui.engine.training.augmentation_draws import Draws, draw, luma_of
from medtui.preset.augmenting import Augment


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of each channel, for pixels scaled to 0..1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


def normalise(images_NCHW: Tensor, by: Normalisation) -> Tensor:
    """Return uint8 images as normalised float32, (N, C, H, W)."""
    mean_C, std_C, _ = _constants(by, images_NCHW.device)
    return (images_NCHW.float().div_(255) - mean_C.view(-1, 1, 1)) / std_C.view(-1, 1, 1)


def augment(images_NCHW: Tensor, how: Augment, by: Normalisation, rng: torch.Generator) -> Tensor:
    """Return uint8 images, augmented and normalised, as float32 of the same shape."""
    draws = draw(how, images_NCHW.shape[1], len(images_NCHW), [rng])
    return transform(images_NCHW, draws.to(images_NCHW.device), by)


def transform(images_NCHW: Tensor, draws: Draws, by: Normalisation) -> Tensor:
    """Return uint8 images, augmented as drawn and normalised, as float32 of the same shape.

    Flips and rotation are one bilinear resampling, in which pixels from outside of the image are
    black: torchvision's `rotate` without a fill. `RandomRotation` passes fill=0, which changes
    pixels at the edge. Colour jitter is one affine map per image and clamps nothing.
    No call waits for a GPU.
    """
    pixels = images_NCHW.float().div_(255)
    if draws.is_resampled:
        grid = _grid(draws.theta_N23, *pixels.shape[2:])
        pixels = F.grid_sample(pixels, grid, align_corners=False)
    count, channels, height, width = pixels.shape
    mean_C, std_C, luma_C = _constants(by, pixels.device)
    grey_N = pixels.mean(dim=(2, 3)) @ luma_C * draws.brightness_N
    offset_NC1 = (grey_N * draws.fading_N).view(-1, 1, 1).expand(-1, channels, -1)
    offset_NC1 = (offset_NC1 - mean_C.view(1, -1, 1)) / std_C.view(1, -1, 1)
    matrix_NCC = draws.matrix_NCC / std_C.view(1, -1, 1)
    flat = torch.baddbmm(offset_NC1, matrix_NCC, pixels.reshape(count, channels, height * width))
    return flat.view(count, channels, height, width)


def _grid(theta_N23: Tensor, height: int, width: int) -> Tensor:
    """Return the same as `F.affine_grid`, whose matrix product takes as long as the resampling."""
    x_W, y_H1 = _axes(height, width, theta_N23.device)
    theta = theta_N23.unsqueeze(-1).unsqueeze(-1)
    along_N2HW = theta[:, :, 0] * x_W + theta[:, :, 1] * y_H1 + theta[:, :, 2]
    return along_N2HW.permute(0, 2, 3, 1)


@cache
def _axes(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the coordinates of the pixels' centres, from -1 to 1: along x (W,) and y (H, 1)."""
    x_W = (torch.arange(width, device=device) * 2 + 1) / width - 1
    y_H1 = ((torch.arange(height, device=device) * 2 + 1) / height - 1).unsqueeze(1)
    return x_W, y_H1


@cache
def _constants(by: Normalisation, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Return mean, standard deviation and share in grey of each channel, on the device once."""
    mean_C, std_C = (torch.tensor(each, device=device) for each in (by.mean, by.std))
    return mean_C, std_C, luma_of(len(by.mean)).to(device)
