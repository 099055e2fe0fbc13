"""torchvision's classifiers, where possible without importing the rest of torchvision.

`import torchvision` takes 1.5 CPU seconds more than its networks need: its operators for object
detection import torch's compiler and sympy. Modules of networks that use no such operator are
therefore imported from torchvision's folder as members of another package, `_ALIAS`, whose
`__init__` is empty. torchvision itself is neither imported nor changed, and a process that has
imported it gets its own classes.
"""

import importlib
import sys
from collections.abc import Callable
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from types import ModuleType

from torch import nn

_ALIAS = "medtui_torchvision"
"""Name of the package, as in the `__module__` of its classes."""

_WITHOUT_OPERATORS = (
    "alexnet", "densenet", "googlenet", "inception", "mnasnet", "resnet", "shufflenetv2",
    "squeezenet", "vgg",
)  # fmt: skip
"""Modules of `torchvision.models` that do not import `torchvision.ops`."""

Builder = Callable[..., nn.Module]
"""Builds a network with random weights; called with `num_classes`."""


def builder_of(architecture: str) -> Builder | None:
    """Return what builds torchvision's `architecture`; None if it has no such classifier."""
    api = None if "torchvision" in sys.modules else _light_api()
    if api is None or architecture not in api.list_models():
        if architecture not in classifier_names():
            return None
        api = importlib.import_module("torchvision.models")
    builder: Builder = api.get_model_builder(architecture)
    return builder


def classifier_names() -> list[str]:
    """Return the names of all classifiers of torchvision."""
    from torchvision import models

    names: list[str] = models.list_models(module=models)  # those of segmentation are others
    return names


@cache
def _light_api() -> ModuleType | None:
    """Return torchvision's register of the networks in `_WITHOUT_OPERATORS`.

    None if this version of torchvision has another layout.
    """
    found = find_spec("torchvision")
    if found is None or not found.submodule_search_locations:
        return None
    folder = found.submodule_search_locations[0]
    try:
        _add_package(_ALIAS, folder)
        _add_package(f"{_ALIAS}.models", f"{folder}/models")
        for name in _WITHOUT_OPERATORS:
            importlib.import_module(f"{_ALIAS}.models.{name}")
        return importlib.import_module(f"{_ALIAS}.models._api")
    except Exception:  # noqa: BLE001 - the modules are torchvision's own: any error is possible
        return None


def _add_package(name: str, folder: str) -> None:
    """Add a package with an empty `__init__` and the modules in `folder`."""
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [folder]
    sys.modules[name] = module_from_spec(spec)
