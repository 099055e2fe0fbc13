"""Synaptic flow: scores of weights that keep paths from the image to the logits.

The score of a weight is its share in R, the sum of the logits for an image of ones after every
weight is replaced by its magnitude and every shift by zero: |w| * dR/d|w|. It is the sum, over all
paths through the weight, of the products of the magnitudes along the path. A layer's scores add up
to R, so the smaller a layer becomes, the higher its weights are ranked, and no layer is emptied
while others have weights to lose. Weights that no pixel reaches score zero.

Ranked once, weights of a path stay whose other weights go. So weights are removed in rounds, the
last of them along an exponential schedule, and scored anew after each.

BatchNorm is a fixed factor |scale| / sqrt(variance + eps) per channel here, as in the trained
network in evaluation mode without its shift; LayerNorm is its scale alone. All is computed in
float64: R is a product over all layers, 1e33 for a trained ResNet-18, which float32 cannot hold for
deeper ones.
Source: Tanaka et al. 2020, arXiv 2006.05467, whose code computes in float64 and evaluation mode.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from medtui.engine.pruning.channel_groups import ImageShape, Norm
from medtui.engine.pruning.threshold import kth_largest
from medtui.engine.training.network import named_layers
from medtui.errors import UsageError

ROUNDS = 100
"""Rounds in which weights are removed, as in the paper."""


class Flow:
    """A copy of a network in which only magnitudes count, and whose weights are removed."""

    def __init__(self, network: nn.Module, image_shape: ImageShape) -> None:
        """Copy `network` to float64, on its own device."""
        self._network = deepcopy(network).double().eval().requires_grad_(requires_grad=False)
        _linearise(self._network)
        self._layers = named_layers(self._network)
        device = next(self._network.parameters()).device
        self._image = torch.ones(1, *image_shape, dtype=torch.float64, device=device)

    def filter_scores(self, names: Sequence[str]) -> dict[str, Tensor]:
        """Return the scores of these layers' filters or neurons, float64, 1-d.

        A filter's score is the sum of its weights': what flows through it.

        Raises:
            UsageError: they exceed float64.
        """
        gradients = self._gradients(names)
        return {
            name: (self._layers[name].weight.detach() * gradient).flatten(1).sum(dim=1)
            for name, gradient in gradients.items()
        }

    def weight_scores(self, kept: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the scores of the weights at these flat indices of each layer, float64, 1-d.

        Raises:
            UsageError: they exceed float64.
        """
        gradients = self._gradients(list(kept))
        return {
            name: self._layers[name].weight.detach().view(-1)[places]
            * gradients[name].view(-1)[places]
            for name, places in kept.items()
        }

    def _gradients(self, names: Sequence[str]) -> dict[str, Tensor]:
        weights = [self._layers[name].weight.requires_grad_() for name in names]
        with torch.enable_grad():
            total = self._network(self._image).sum()
            found = torch.autograd.grad(total, weights, materialize_grads=True)
        if not total.isfinite():
            raise UsageError(
                f"SynFlow's scores of {type(self._network).__name__} exceed float64.",
                hint='Set compress.score = "magnitude".',
            )
        return dict(zip(names, found, strict=True))

    @torch.no_grad()
    def keep(self, name: str, kept: Tensor) -> None:
        """Remove a layer's filters where the mask `kept` (filters) is False."""
        weight = self._layers[name].weight
        weight.mul_(kept.to(weight.device).view(-1, *[1] * (weight.ndim - 1)))

    @torch.no_grad()
    def keep_weights(self, name: str, places: Tensor) -> None:
        """Remove a layer's weights except those at these flat indices."""
        weight = self._layers[name].weight.view(-1)
        values = weight[places]
        weight.zero_()[places] = values


def largest(scores: Tensor, count: int) -> Tensor:
    """Return a mask of the `count` largest scores; of equal ones the first."""
    order = torch.sort(scores, descending=True, stable=True).indices
    mask = torch.zeros(len(scores), dtype=torch.bool, device=scores.device)
    mask[order[:count]] = True
    return mask


def schedule(density: float, rounds: int) -> Iterator[float]:
    """Yield the density after each round; the last one is exactly `density`."""
    for number in range(1, rounds):
        yield float(density ** (number / rounds))
    yield density


def rank_weights(
    network: nn.Module,
    names: Sequence[str],
    density: float,
    image_shape: ImageShape,
    rounds: int = ROUNDS,
) -> dict[str, Tensor]:
    """Return masks of the weights that these layers keep: the share `density` of all of theirs.

    Weights that score zero, because no path leads through them, are not kept. After each round only
    what is left is ranked: the time of a round falls to that of one image's gradient.

    Raises:
        RuntimeError: the density keeps no weight; the message is Condensa's.
        UsageError: the scores exceed float64.
    """
    layers = {name: named_layers(network)[name] for name in names}
    total = sum(layer.weight.numel() for layer in layers.values())
    if int(density * total) == 0:
        raise RuntimeError("Provided density value causes model to be zero.")
    flow = Flow(network, image_shape)
    kept = {
        name: layer.weight.detach().view(-1).nonzero().flatten() for name, layer in layers.items()
    }
    for each in schedule(density, rounds):
        scores = flow.weight_scores(kept)
        chosen = _largest(torch.cat(list(scores.values())), int(each * total))
        parts = torch.split(chosen, [len(places) for places in kept.values()])
        kept = {name: kept[name][part] for name, part in zip(names, parts, strict=True)}
        for name, places in kept.items():
            flow.keep_weights(name, places)
    return {name: _mask(layer.weight, kept[name]) for name, layer in layers.items()}


def _largest(scores: Tensor, num_kept: int) -> Tensor:
    """Return a mask of the largest scores above 0, 1-d; of equal ones the first."""
    # Relative to the largest, so that float32, in which selection is fast, holds those that matter.
    largest = float(scores.max()) if len(scores) else 0.0
    relative = (scores / (largest or 1.0)).float()
    is_kept = relative > 0
    ranked = relative[is_kept]
    if num_kept < len(ranked):
        threshold = kth_largest([ranked], num_kept)
        is_kept = relative > threshold
        num_ties = num_kept - int(is_kept.sum())
        is_kept[(relative == threshold).nonzero().flatten()[:num_ties]] = True
    return is_kept


def _mask(weight: Tensor, places: Tensor) -> Tensor:
    mask = torch.zeros(weight.numel(), dtype=torch.bool, device=weight.device)
    mask[places] = True
    return mask.view(weight.shape)


@torch.no_grad()
def _linearise(network: nn.Module) -> None:
    """Replace weights by magnitudes and remove shifts, in place."""
    for parameter in network.parameters():
        parameter.abs_()
    for module in network.modules():
        if isinstance(module, Norm) and module.running_mean is not None:
            module.running_mean.zero_()
        bias = getattr(module, "bias", None)
        if isinstance(bias, nn.Parameter):
            bias.zero_()
    _replace_layer_norms(network)


def _replace_layer_norms(network: nn.Module) -> None:
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.LayerNorm):
            parent, _, leaf = name.rpartition(".")
            setattr(network.get_submodule(parent), leaf, _Scale(module))


class _Scale(nn.Module):
    """A LayerNorm's factor, without its normalisation, which would hide how much flows."""

    def __init__(self, norm: nn.LayerNorm) -> None:
        super().__init__()
        self.weight = norm.weight
        self._is_first = type(norm) is not nn.LayerNorm  # torchvision's LayerNorm2d: (N, C, H, W)

    def forward(self, inputs: Tensor) -> Tensor:
        if self.weight is None:
            return inputs
        weight = self.weight.view(-1, 1, 1) if self._is_first else self.weight
        return inputs * weight
