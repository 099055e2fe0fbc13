"""The network: a torchvision classifier for K classes and C channels, and its state dict."""

from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from torch import nn

from medtui.engine.training.classifiers import builder_of, classifier_names
from medtui.errors import UsageError
from medtui.storage import DamagedFile, FileDigest, open_regular, require_digest, unreadable

_WITH_AUX = ("googlenet", "inception_v3")
"""Networks with auxiliary classifiers, which only help training and are left out."""


def build_network(architecture: str, *, channels: int, num_classes: int, seed: int) -> nn.Module:
    """Return torchvision's `architecture` with random weights drawn from `seed`.

    The first convolution has `channels` inputs, the last linear layer `num_classes` outputs.

    Raises:
        UsageError: torchvision has no such classifier.
    """
    builder = builder_of(architecture)
    if builder is None:
        examples = [name for name in classifier_names() if name.startswith("res")]
        raise UsageError(
            f"`model.architecture` = {architecture!r} is not a torchvision classifier.",
            hint=f"For example: {', '.join(examples)}.",
        )
    torch.manual_seed(seed)
    more = {"aux_logits": False, "init_weights": True} if architecture in _WITH_AUX else {}
    network = builder(num_classes=num_classes, **more)
    if channels != 3:  # noqa: PLR2004 - torchvision's models take three
        _replace_first_convolution(network, channels)
    return network


def require_image_size(
    network: nn.Module, architecture: str, image_shape: tuple[int, int, int]
) -> None:
    """Raise an error where a network cannot take images of this size, after a trial.

    Vision transformers take one size alone, and others shrink small images to nothing.

    Raises:
        UsageError: with the network, the size, and its own reason.
    """
    was_training = network.training
    try:
        with torch.inference_mode():
            network.eval()(torch.zeros(1, *image_shape))
    except (RuntimeError, AssertionError, ValueError) as error:
        _, height, width = image_shape
        raise UsageError(
            f"{architecture} cannot take images of {width} x {height} pixels: "
            f"{str(error).strip().splitlines()[0].rstrip('.!')}.",
            hint="Set another data.size, such as 224, or choose another model.architecture.",
        ) from error
    finally:
        network.train(was_training)


def named_layers(network: nn.Module) -> dict[str, nn.Conv2d | nn.Linear]:
    """Return the layers that Condensa can compress, by dotted name, in order."""
    return {
        name: module
        for name, module in network.named_modules()
        if type(module) in (nn.Conv2d, nn.Linear)  # subclasses excluded, as in Condensa
    }


def class_layer(network: nn.Module) -> str:
    """Return the name of the layer whose outputs are the classes.

    It is the last one in every classifier of torchvision: a linear layer, or a convolution in
    SqueezeNet.
    """
    return list(named_layers(network))[-1]


def head_parameters(network: nn.Module) -> set[str]:
    """Return the names of the parameters that train while the others are frozen."""
    layer = class_layer(network)
    return {name for name, _ in network.named_parameters() if name.startswith(f"{layer}.")}


def state_of(network: nn.Module) -> dict[str, torch.Tensor]:
    """Return all parameters and buffers, detached, contiguous, on the CPU, in their own types."""
    return {
        name: tensor.detach().to("cpu").contiguous()
        for name, tensor in network.state_dict().items()
    }


def num_bytes(network: nn.Module) -> int:
    """Return the bytes of all parameters and buffers in their own types."""
    return sum(tensor.nbytes for tensor in network.state_dict().values())


@torch.no_grad()
def restore_state(network: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Load a state dict in place; each tensor keeps its stored type, such as float16.

    Raises:
        ValueError: a tensor is missing or has another shape.
    """
    for name, tensor in network.state_dict(keep_vars=True).items():
        found = state.get(name)
        if found is None or found.shape != tensor.shape:
            shape = "missing" if found is None else f"of shape {list(found.shape)}"
            raise ValueError(f"{name} is {shape}, not of shape {list(tensor.shape)}")
        tensor.data = found.to(tensor.device, copy=True)


def read_weights(
    path: Path, digest: FileDigest | None = None, *, hint: str = ""
) -> dict[str, torch.Tensor]:
    """Return the tensors of a stored model; with `digest`, check that it is what was written.

    Raises:
        UnreadableFile: it is missing or damaged.
    """
    require_digest(path, digest, hint=hint)
    try:
        open_regular(path).close()
    except OSError as error:
        raise unreadable(path, error, hint=hint) from error
    try:
        state: dict[str, torch.Tensor] = safetensors.torch.load_file(path)
    except Exception as error:
        raise DamagedFile(path, str(error), hint=hint) from error
    return state


def load_stored(
    network: nn.Module, path: Path, digest: FileDigest | None = None, *, hint: str = ""
) -> None:
    """Load the weights of a stored model into `network`.

    Raises:
        UnreadableFile: as for `read_weights`, or it does not fit the network.
    """
    state = read_weights(path, digest, hint=hint)
    try:
        restore_state(network, state)
    except ValueError as error:
        raise DamagedFile(path, str(error), hint=hint) from error


def require_finite(network: nn.Module, path: Path, *, hint: str = "") -> None:
    """Check that weights loaded from `path` are finite.

    Raises:
        DamagedFile: one is not.
    """
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise DamagedFile(path, f"{name} is not finite", hint=hint)


def _replace_first_convolution(network: nn.Module, channels: int) -> None:
    name, first = next(
        (name, module) for name, module in network.named_modules() if isinstance(module, nn.Conv2d)
    )
    replacement = nn.Conv2d(
        channels,
        first.out_channels,
        first.kernel_size,  # type: ignore[arg-type] # Conv2d keeps it as a pair
        first.stride,  # type: ignore[arg-type]
        first.padding,  # type: ignore[arg-type]
        bias=first.bias is not None,
    )
    nn.init.kaiming_normal_(replacement.weight, mode="fan_out", nonlinearity="relu")
    parent, _, leaf = name.rpartition(".")
    setattr(network.get_submodule(parent), leaf, replacement)
