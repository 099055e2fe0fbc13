"""Fixtures of the engine's tests, which compute on one thread because they compare bits."""

import pytest
import torch
from torch import nn

from medtui.datasets.dataset import Dataset
from medtui.engine.training.network import build_network
from tests.helpers.tiny_sessions import tiny_dataset, tiny_preset


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Return a few demo images, read once."""
    return tiny_dataset(tiny_preset())


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """Return a fresh ResNet-18 for two classes."""
    return build_network("resnet18", channels=3, num_classes=2, seed=0)
