"""The channels of a network that are not empty, as a network that is trained in its place.

Trained with the zeros held, a network computes products with channels that stay empty. Without them
it computes the same function and has the same gradients, with fewer multiply-adds. What was trained
is then written back into the whole network, so that nothing else has to know about it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from medtui.engine.pruning.channel_groups import ChannelGraph, ImageShape
from medtui.engine.pruning.structural_pruning import (
    NUM_CHECKED,
    TOLERANCE,
    logits_of,
    remove_empty,
    shifting_norms,
)
from medtui.errors import UsageError


@dataclass(frozen=True)
class Subnetwork:
    """A network without the empty channels of another one, and where its values are in that."""

    network: nn.Module
    """In float32, on the device of the whole network."""
    places: dict[str, Tensor]
    """Flat indices into the whole network's tensor, in the shape of this one's, by name."""

    def part(self, name: str, tensor: Tensor) -> Tensor:
        """Return the part of a tensor in the shape of the whole network's `name`."""
        return tensor.flatten()[self.places[name].to(tensor.device)]

    @property
    def num_parameters(self) -> int:
        """Number of its parameters."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    def fits(self, state: Mapping[str, Tensor]) -> bool:
        """Return whether a state dict has the shapes of this network."""
        own = self.network.state_dict()
        return all(name in state and state[name].shape == own[name].shape for name in own)

    @torch.no_grad()
    def write(self, trained: nn.Module, whole: nn.Module) -> None:
        """Write the parameters and buffers of `trained`, a copy of `network`, to `whole`."""
        into = whole.state_dict(keep_vars=True)
        for name, tensor in trained.state_dict().items():
            flat = into[name].data.flatten()
            flat[self.places[name].flatten().to(flat.device)] = tensor.flatten().to(flat)
            into[name].data.copy_(flat.view(into[name].shape))


def subnetwork_of(network: nn.Module, image_shape: ImageShape) -> Subnetwork | None:
    """Return the network without its empty channels; None where training it would differ.

    That is where no channel can be removed, where the channels cannot be traced, and where a
    BatchNorm shifts an empty channel: the shift would be trained.
    """
    try:
        graph = ChannelGraph(network, image_shape)
    except UsageError:
        return None
    # Removing channels from numbers leaves the numbers of what stays; float64 holds 2 ** 53.
    for tensor in graph.network.state_dict(keep_vars=True).values():
        tensor.data = torch.arange(tensor.numel(), dtype=torch.float64).view(tensor.shape)
    removed = list(remove_empty(graph, network))
    is_shifted = any(shifting_norms(group, channels, network) for group, channels in removed)
    if not removed or is_shifted:
        return None
    whole = network.state_dict()
    places = {}
    for name, tensor in graph.network.state_dict(keep_vars=True).items():
        places[name] = tensor.data.long()
        values = whole[name].detach().cpu().flatten()[places[name]]
        tensor.data = values.float() if values.is_floating_point() else values
    device = next(network.parameters()).device
    return Subnetwork(graph.network.to(device).train(network.training), places)


@torch.no_grad()
def computes_the_same(network: nn.Module, found: Subnetwork, images_NCHW: Tensor) -> bool:
    """Return whether both give the same logits for normalised images, within `TOLERANCE`."""
    images = images_NCHW[:NUM_CHECKED].float()
    whole, part = (logits_of(each, images) for each in (network, found.network))
    allowed = TOLERANCE * max(1.0, float(whole.abs().max()))
    return bool((whole - part).abs().max() <= allowed)
