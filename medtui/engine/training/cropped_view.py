"""A network that computes with smaller kernels on the memory of another one.

On a 1x1 map a 3x3 kernel with padding 1 multiplies the image by its centre alone. The view has a
1x1 kernel there, which is a part of the same memory: it computes the same logits, its gradients are
those of the part, and what trains it trains the whole network. Weights outside of the parts have no
gradient, and stay as they are. Convolutions of the smallest maps are matrix products there.
"""

from dataclasses import dataclass, field

from torch import Tensor, nn

from medtui.engine.precision import Precision
from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.pruning.kernel_crop import Kernel, cropped_kernels, set_kernel
from medtui.engine.pruning.reachable_weights import map_sizes
from medtui.engine.training.matrix_convolution import matrix_convolutions

_Geometry = tuple[object, ...]


@dataclass(frozen=True)
class CroppedView:
    """A network on the memory of another one, and the part of each kernel that it has."""

    network: nn.Module
    kernels: dict[str, Kernel] = field(default_factory=dict)
    """By the name of each convolution whose kernel is smaller."""

    def part(self, name: str, tensor: Tensor) -> Tensor:
        """Return the part of a tensor in the shape of the whole network's parameter `name`."""
        kernel = self.kernels.get(name.removesuffix(".weight"))
        return tensor if kernel is None else kernel.part(tensor)


@dataclass(frozen=True)
class _Changes:
    """What a view computes otherwise than its network."""

    kernels: dict[str, Kernel]
    products: dict[str, type[nn.Conv2d]]
    """What computes the convolutions that are matrix products, by their names."""


_found: dict[_Geometry, _Changes] = {}
"""By geometry: a study computes with one network, or two."""


def view_for(precision: Precision, network: nn.Module, image_shape: ImageShape) -> CroppedView:
    """Return the network itself, or where `precision` crops kernels the view of smaller ones.

    It is valid until a parameter of `network` gets other memory, as by a change of its memory
    format.
    """
    if not precision.crops_kernels:
        return CroppedView(network)
    geometry = (image_shape, *map(_geometry, network.named_modules()))
    if geometry not in _found:
        kernels = cropped_kernels(network, image_shape)
        products = matrix_convolutions(network, kernels, map_sizes(network, image_shape))
        _found[geometry] = _Changes(kernels, products)
    changes = _found[geometry]
    if not changes.kernels and not changes.products:
        return CroppedView(network)
    return CroppedView(_shared(network, changes), changes.kernels)


def _geometry(named: tuple[str, nn.Module]) -> _Geometry:
    """Return what decides which taps a pixel reaches; numbers of channels do not."""
    name, module = named
    if isinstance(module, nn.Conv2d):
        sizes = (module.kernel_size, module.stride, module.padding, module.dilation)
        return (name, *sizes, module.groups, module.padding_mode)
    return (name, module.extra_repr() if _is_pool(module) else type(module))


def _is_pool(module: nn.Module) -> bool:
    return "Pool" in type(module).__name__


def _shared(network: nn.Module, changes: _Changes) -> nn.Module:
    """Return a copy of the network's modules with its own parameters and buffers."""
    view = _copy_of(network, {})
    for name, kernel in changes.kernels.items():
        layer = view.get_submodule(name)
        assert isinstance(layer, nn.Conv2d)
        is_trained = layer.weight.requires_grad
        layer.weight = nn.Parameter(kernel.part(layer.weight.detach()), is_trained)
        set_kernel(layer, kernel.size, kernel.padding)
    for name, kind in changes.products.items():
        view.get_submodule(name).__class__ = kind  # the modules are the view's own
    return view


def _copy_of(module: nn.Module, copies: dict[nn.Module, nn.Module]) -> nn.Module:
    """Return a copy of a module and of those in it; all other values are shared.

    `copy.deepcopy` with all tensors in its memo does the same in thirty times the time.
    """
    if module in copies:
        return copies[module]
    copied = copies[module] = type(module).__new__(type(module))
    copied.__dict__ = {
        name: dict(value) if isinstance(value, dict) else value
        for name, value in module.__dict__.items()
    }
    for name, child in module._modules.items():  # noqa: SLF001 - `named_children` leaves out repeated ones
        copied._modules[name] = None if child is None else _copy_of(child, copies)  # noqa: SLF001
    return copied
