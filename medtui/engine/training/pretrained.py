"""The file of `model.init`: weights of another training, from which the reference starts.

Names are those of the file's own wrapper: of torchvision, of `DataParallel` (`module.`), of a
module that holds the network (`model.`, `backbone.`), or of a Sequential of the network's children,
numbered, as RadImageNet's files are. The layer of the classes is never taken, and the first
convolution is adapted to the channels of the images.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from medtui.engine.training.network import class_layer
from medtui.engine.training.weights_file import WeightsFile, named
from medtui.protocol.initial_weights import InitialWeights
from medtui.storage import digest_of_file
from medtui.units import plural

_HINT = "Use a state dict of this architecture; its classes and channels may be others."

_WITHIN = ("state_dict", "model_state_dict", "model", "network", "net", "ema")
"""Keys under which checkpoints hold the state dict, in the order of preference."""

_MAX_DEPTH = 4
"""Levels of wrappers that a name may have before the network's own."""

_LEGACY_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")
"""Names in torchvision's files of DenseNet, which are older than its code: `norm.1` is `norm1`."""

_COUNTER = "num_batches_tracked"
"""A BatchNorm's counter, which files of early versions lack and nothing here reads."""


def initialise(network: nn.Module, path: Path) -> InitialWeights:
    """Load pretrained weights into `network`; return what was taken, adapted and left out.

    Raises:
        UnreadableFile: the file is missing or cannot be read.
        UsageError: it holds no state dict, that of another architecture, or values that are not
            finite.
    """
    file = WeightsFile(path, ("model", "init"), _HINT)
    state = file.tensors_of(_state_within(file.read()))
    target = _Target.of(network)
    mapping = _best_mapping(state, target)
    mapped = {mapping[name]: tensor for name, tensor in state.items() if name in mapping}
    _require_architecture(mapped, target, file)
    taken = {name: each for name, each in mapped.items() if target.takes(name, each)}
    file.require_finite(taken)
    adapted = _load(network, taken, target)
    new = [name for name in target.shapes if name not in taken and _COUNTER not in name]
    origin = {after: before for before, after in mapping.items()}
    used = {origin[name] for name in taken}
    return InitialWeights(
        path=str(path),
        sha256=digest_of_file(path).sha256,
        num_loaded=sum(_COUNTER not in name for name in taken),
        num_tensors=sum(_COUNTER not in name for name in target.shapes),
        new=new,
        unused=[name for name in state if name not in used and _COUNTER not in name],
        adapted=adapted,
    )


@dataclass(frozen=True)
class _Target:
    """The network that is initialised."""

    shapes: dict[str, torch.Size]
    """Shape of each parameter and buffer by name."""
    children: list[str]
    """Names of its direct children, in order."""
    classes: str
    """Prefix of the layer of the classes, `fc.`."""
    head: str
    """Prefix of the child that holds this layer, `classifier.`: what it lacks is new."""
    first: str
    """Name of the first convolution's weight, (filters, channels, height, width)."""

    @classmethod
    def of(cls, network: nn.Module) -> "_Target":
        layer = class_layer(network)
        first = next(name for name, each in network.named_modules() if isinstance(each, nn.Conv2d))
        return cls(
            {name: tensor.shape for name, tensor in network.state_dict().items()},
            [name for name, _ in network.named_children()],
            f"{layer}.",
            f"{layer.partition('.')[0]}.",
            f"{first}.weight",
        )

    def fits(self, name: str, shape: torch.Size) -> bool:
        """Return whether a tensor has the shape of the network's, but for the image's channels."""
        expected = self.shapes.get(name)
        if expected is None or name != self.first or len(shape) != len(expected):
            return shape == expected
        return shape[:1] + shape[2:] == expected[:1] + expected[2:]

    def takes(self, name: str, tensor: Tensor) -> bool:
        """Return whether a tensor is loaded: it fits, and is not the layer of the classes."""
        return not name.startswith(self.classes) and self.fits(name, tensor.shape)


def _state_within(content: object) -> object:
    """Return the state dict within a checkpoint; the content itself if it is none."""
    if not isinstance(content, Mapping) or all(isinstance(v, Tensor) for v in content.values()):
        return content
    for key in _WITHIN:
        if isinstance(content.get(key), Mapping):
            return content[key]
    return content


def _best_mapping(state: Mapping[str, Tensor], target: _Target) -> dict[str, str]:
    """Return the file's names to the network's, by the wrapper for which most tensors fit."""
    best: dict[str, str] = {}
    best_score = -1
    for mapping in _mappings(list(state), target):
        score = sum(target.takes(after, state[before]) for before, after in mapping.items())
        if score > best_score:
            best, best_score = mapping, score
    return best


def _mappings(names: list[str], target: _Target) -> Iterator[dict[str, str]]:
    """Yield the ways to read names: for each wrapper, as they are, numbered, or below a child."""
    for prefix in _wrappers(names):
        inner = {
            name: _LEGACY_DENSENET.sub(r"\1\2.", name.removeprefix(prefix))
            for name in names
            if name.startswith(prefix)
        }
        yield inner
        yield {name: _by_number(rest, target.children) for name, rest in inner.items()}
        for child in target.children:
            yield {name: f"{child}.{rest}" for name, rest in inner.items()}


def _wrappers(names: list[str]) -> list[str]:
    """Return the prefixes that a third of the names or more have, the empty one first."""
    counts = Counter(
        ".".join(parts[:depth]) + "."
        for parts in (name.split(".") for name in names)
        for depth in range(1, min(_MAX_DEPTH, len(parts) - 1) + 1)
    )
    return ["", *(prefix for prefix, count in counts.items() if 3 * count >= len(names))]


def _by_number(name: str, children: list[str]) -> str:
    """Return a name whose first part is a child's number with that child's name."""
    number, _, rest = name.partition(".")
    if number.isdecimal() and int(number) < len(children):
        return f"{children[int(number)]}.{rest}"
    return name


def _require_architecture(mapped: Mapping[str, Tensor], target: _Target, file: WeightsFile) -> None:
    """Check that the file is of the network's architecture, apart from its head.

    Raises:
        UsageError: tensors of the trunk are missing, unknown or of other shapes.
    """
    trunk = [
        name for name in target.shapes if not name.startswith(target.head) and _COUNTER not in name
    ]
    children = tuple(f"{child}." for child in target.children)
    missing = [name for name in trunk if name not in mapped]
    wrong = [
        f"{name} is {list(mapped[name].shape)}, not {list(target.shapes[name])}"
        for name in trunk
        if name in mapped and not target.fits(name, mapped[name].shape)
    ]
    unknown = [
        name
        for name in mapped
        if name.startswith(children)
        and not name.startswith(target.head)
        and name not in target.shapes
    ]
    parts = [f"lacks {plural(len(missing), 'tensor')} ({named(missing)})"] * bool(missing)
    parts += [f"has {plural(len(unknown), 'unknown tensor')} ({named(unknown)})"] * bool(unknown)
    parts += [f"has {plural(len(wrong), 'other shape')} ({named(wrong)})"] * bool(wrong)
    if parts:
        raise file.refused(f"is of another architecture: it {', '.join(parts)}")


@torch.no_grad()
def _load(network: nn.Module, taken: Mapping[str, Tensor], target: _Target) -> str:
    """Copy the tensors into the network; return how the first convolution was adapted, if it was.

    An image of one channel gives the first convolution the same output as that image repeated in
    all of the file's channels did, so the file's statistics behind it stay valid.
    """
    adapted = ""
    for name, own in network.state_dict(keep_vars=True).items():
        if name not in taken:
            continue
        tensor = taken[name]
        if tensor.shape != own.shape:
            before, after = tensor.shape[1], own.shape[1]
            tensor = (tensor.float().sum(dim=1, keepdim=True) / after).expand(own.shape)
            adapted = f"{target.first}: {before} to {plural(after, 'channel')}"
        own.data.copy_(tensor)
    return adapted
