"""What augmentation draws at random for each image, as numbers that a batch's operations read.

Drawn on the CPU, so that images are the same on every device, for many batches at once: a GPU then
receives one copy for all of them, and not seven for each. Each batch has its own generator, so that
it does not depend on how many are drawn together.
Shapes: N images, C channels, B batches.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from medtui.engine.run.device import upload
from medtui.preset.augmenting import Augment

_RGB = 3

_LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in grey. Source: ITU-R BT.601, as in torchvision."""

_YIQ = torch.tensor(
    [[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]]
)
"""RGB to YIQ; a rotation of the IQ plane changes hue and keeps luma. Source: FCC NTSC, 1953."""

_TO_RGB = torch.linalg.inv(_YIQ)

_QUARTER = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""Rotation of the IQ plane by 90 degrees."""

_THETA, _FACTORS = 6, 2
"""Numbers of an image besides its colour matrix: of the affine map, and of brightness."""


@dataclass(frozen=True)
class Draws:
    """The numbers of each image in one tensor, which is copied to a device at once."""

    packed_NF: Tensor
    """float32: theta, the colour matrix, brightness, and 1 - contrast."""
    channels: int
    is_resampled: bool
    """Whether flips or rotation are on."""

    @property
    def theta_N23(self) -> Tensor:  # noqa: N802 - the suffix is the shape
        """The affine map of flips and rotation."""
        return self.packed_NF[:, :_THETA].view(-1, 2, 3)

    @property
    def matrix_NCC(self) -> Tensor:  # noqa: N802 - the suffix is the shape
        """The map of colours: hue, saturation, brightness and contrast."""
        return self.packed_NF[:, _THETA:-_FACTORS].view(-1, self.channels, self.channels)

    @property
    def brightness_N(self) -> Tensor:  # noqa: N802 - the suffix is the shape
        """The factor of brightness."""
        return self.packed_NF[:, -2]

    @property
    def fading_N(self) -> Tensor:  # noqa: N802 - the suffix is the shape
        """1 - contrast: the share of the mean grey."""
        return self.packed_NF[:, -1]

    def rows(self, rows: slice) -> "Draws":
        """Return those of some images; shares memory."""
        return Draws(self.packed_NF[rows], self.channels, self.is_resampled)

    def to(self, device: torch.device) -> "Draws":
        """Return these numbers on a device; a GPU copies them while the caller goes on."""
        return Draws(upload(self.packed_NF, device), self.channels, self.is_resampled)


def draw(how: Augment, channels: int, batch: int, rngs: Sequence[torch.Generator]) -> Draws:
    """Return the numbers of `batch` images for each generator, one after the other."""
    is_resampled = bool(how.flip_horizontal or how.flip_vertical or how.rotation_degrees)
    num_kinds = 3 * is_resampled + (4 if channels == _RGB else 2)
    drawn_BKN = torch.stack([torch.rand(num_kinds, batch, generator=rng) for rng in rngs])
    kinds = list(drawn_BKN.transpose(0, 1).flatten(1))  # each (N,), in the order of drawing
    count = batch * len(rngs)
    theta = _theta(how, *kinds[:3]) if is_resampled else torch.zeros(count, _THETA)
    colours = kinds[3 * is_resampled :]
    brightness, contrast = (
        _within(each, 1 - most, 1 + most)
        for each, most in zip(colours[:2], (how.brightness, how.contrast), strict=True)
    )
    matrix = torch.eye(channels).expand(count, -1, -1)
    if channels == _RGB:  # only RGB has saturation and hue
        saturation = _within(colours[2], 1 - how.saturation, 1 + how.saturation)
        matrix = _turn_and_saturate(_within(colours[3], -how.hue, how.hue), saturation)
    scaled = matrix * (brightness * contrast).view(-1, 1, 1)
    factors = torch.stack((brightness, 1 - contrast), dim=1)
    return Draws(torch.cat((theta, scaled.flatten(1), factors), dim=1), channels, is_resampled)


def luma_of(channels: int) -> Tensor:
    """Return the share of each channel in grey, (C,)."""
    return torch.tensor(_LUMA if channels == _RGB else (1.0 / channels,) * channels)


def _within(drawn_N: Tensor, low: float, high: float) -> Tensor:
    return drawn_N * (high - low) + low


def _signs(drawn_N: Tensor, *, random: bool) -> Tensor:
    return torch.where(drawn_N < 0.5, -1.0, 1.0) if random else torch.ones_like(drawn_N)  # noqa: PLR2004 - a coin


def _theta(how: Augment, turned_N: Tensor, mirrored_x_N: Tensor, mirrored_y_N: Tensor) -> Tensor:
    """Return each image's affine map, (N, 6)."""
    degrees = _within(turned_N, -how.rotation_degrees, how.rotation_degrees)
    mirror_x = _signs(mirrored_x_N, random=how.flip_horizontal)
    mirror_y = _signs(mirrored_y_N, random=how.flip_vertical)
    angle = degrees * (math.pi / 180)
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    rows = [cos * mirror_x, -sin * mirror_x, zero, sin * mirror_y, cos * mirror_y, zero]
    return torch.stack(rows, dim=1)


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
