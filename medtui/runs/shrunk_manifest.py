"""Channels and kernels of the layers of a shrunk network, as stored in its manifest."""

from pathlib import Path

import msgspec

from medtui.runs.json_record import encode_json_record, require_json_record


class LayerChannels(msgspec.Struct, frozen=True):
    """Width of one layer, and its kernel if it was cropped."""

    name: str
    """Dotted module name."""
    inputs: int
    outputs: int
    """Filters of a convolution, neurons of a linear layer, channels of a BatchNorm."""
    groups: int = 1
    """Groups of a convolution; equals `outputs` in a depthwise one."""
    kernel: tuple[int, int] | None = None
    """Height and width of a convolution's kernel; None if it is that of the architecture."""
    padding: tuple[int, int] | None = None
    """Padding of a cropped kernel; None if the kernel is that of the architecture."""


class Manifest(msgspec.Struct, frozen=True):
    """Information on a shrunk network that its weights file lacks."""

    architecture: str
    """torchvision's name of the original network."""
    channels: int
    """Channels of the images."""
    num_classes: int
    layers: list[LayerChannels]
    """All layers of a shrunk network; of others, the convolutions with a cropped kernel."""
    parameters: dict[str, tuple[int, ...]] = {}
    """Shape of each parameter of a narrowed network that belongs to none of its layers."""

    @property
    def is_shrunk(self) -> bool:
        """Whether empty channels were removed: then layers without a cropped kernel are listed."""
        return any(layer.kernel is None for layer in self.layers)


_decoder = msgspec.json.Decoder(Manifest)


def pack_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as indented JSON."""
    return encode_json_record(manifest)


def read_manifest(path: Path) -> Manifest:
    """Return a manifest.

    Raises:
        UnreadableFile: it is missing or damaged.
    """
    return require_json_record(path, _decoder)
