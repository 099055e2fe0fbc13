"""How many channels each layer of a shrunk network has, as its manifest holds it."""

from pathlib import Path

import msgspec

from medtui.errors import EnvironmentProblem
from medtui.runs.json_record import DECODE_ERRORS, encode_stored


class LayerChannels(msgspec.Struct, frozen=True):
    """One layer's width."""

    name: str
    """Dotted module name."""
    inputs: int
    outputs: int
    """Filters of a convolution, neurons of a linear layer, channels of a BatchNorm."""
    groups: int = 1
    """Of a convolution; as many as `outputs` in a depthwise one."""


class Manifest(msgspec.Struct, frozen=True):
    """All that the weights' file does not say about a shrunk network."""

    architecture: str
    """torchvision's name of the network that was shrunk."""
    channels: int
    """Of the images."""
    num_classes: int
    layers: list[LayerChannels]


_decoder = msgspec.json.Decoder(Manifest)


def pack_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as JSON, for people as well."""
    return encode_stored(manifest)


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        EnvironmentProblem: it is missing or damaged.
    """
    try:
        return _decoder.decode(path.read_bytes())
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be read: {error.strerror}.") from error
    except DECODE_ERRORS as error:
        raise EnvironmentProblem(f"{path} is damaged: {error}.") from error
