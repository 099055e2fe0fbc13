"""Where each convolution of two torchvision networks stands: map, kernel, stride and padding."""

import re
from dataclasses import dataclass

import numpy as np

_RESNET18_STAGE = re.compile(r"layer(\d)\.(\d)\.(conv1|conv2|downsample\.0)")
_SHUFFLE_STAGE = re.compile(r"stage(\d)\.(\d)\.branch(\d)\.(\d)")


@dataclass(frozen=True)
class Place:
    """A convolution in its network."""

    side: int
    """Height and width of the map that it is called with."""
    kernel: int
    stride: int
    padding: int

    @property
    def side_out(self) -> int:
        """Height and width of the map that it returns."""
        return (self.side + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def reached(self) -> np.ndarray:
        """(kernel, kernel): whether a tap is ever multiplied with a pixel, by trying all places."""
        taps = {
            tap
            for tap in range(self.kernel)
            for place in range(self.side_out)
            if 0 <= place * self.stride - self.padding + tap < self.side
        }
        is_reached = np.array([tap in taps for tap in range(self.kernel)])
        return is_reached[:, None] & is_reached[None, :]


def place_of(architecture: str, layer: str, shape: tuple[int, ...], side: int) -> Place:
    """Return the place of a convolution by its name and the shape of its weight."""
    kernel = shape[2]
    match architecture:
        case "resnet18":
            return _in_resnet(layer, kernel, side)
        case "shufflenet_v2_x0_5":
            return _in_shufflenet(layer, kernel, side)
    raise AssertionError(f"the maps of {architecture} are not written down")


def _in_resnet(layer: str, kernel: int, side: int) -> Place:
    first = Place(side, 7, 2, 3)
    if layer == "conv1":
        return first
    found = _RESNET18_STAGE.fullmatch(layer)
    assert found, layer
    stage, block, name = int(found[1]), int(found[2]), found[3]
    pooled = Place(first.side_out, 3, 2, 1).side_out
    sides = [pooled]
    for _ in range(3):
        sides.append(Place(sides[-1], 3, 2, 1).side_out)
    is_strided = stage > 1 and block == 0 and name != "conv2"
    side_in = sides[stage - 2] if is_strided else sides[stage - 1]
    return Place(side_in, kernel, 2 if is_strided else 1, kernel // 2)


def _in_shufflenet(layer: str, kernel: int, side: int) -> Place:
    if layer == "conv1.0":
        return Place(side, 3, 2, 1)
    pooled = Place(Place(side, 3, 2, 1).side_out, 3, 2, 1).side_out
    sides = [pooled]
    for _ in range(3):
        sides.append(Place(sides[-1], 3, 2, 1).side_out)
    if layer == "conv5.0":
        return Place(sides[3], 1, 1, 0)
    found = _SHUFFLE_STAGE.fullmatch(layer)
    assert found, layer
    stage, block, branch, number = map(int, found.groups())
    before, after = sides[stage - 2], sides[stage - 1]
    if block > 0:
        return Place(after, kernel, 1, kernel // 2)
    if kernel == 3:
        return Place(before, 3, 2, 1)
    is_before = (branch, number) == (2, 0)
    return Place(before if is_before else after, 1, 1, 0)
