"""A finished run's shrunk model is written if it is exact; otherwise a warning names the cause."""

import safetensors.torch
import torch
from torch import nn

from medtui.engine.lc.compression import compress
from medtui.engine.pruning.schemes import build_scheme
from medtui.engine.pruning.shrink_report import store_shrunk_model
from medtui.engine.pruning.structural_pruning import check_same, shrink
from medtui.engine.run.load_run import load_shrunk
from medtui.engine.run.session import Session
from medtui.engine.run.stopping import StopFlag
from medtui.engine.training.network import build_network
from medtui.preset import Preset, ShrinkSettings
from medtui.protocol.model_size import Shrinkage
from medtui.runs.shrunk_manifest import read_manifest
from tests.helpers.tiny_sessions import open_session, tiny_network, tiny_preset


def shrinking(preset: Preset) -> Preset:
    """Return the preset with a shrunk model at the end."""
    return preset.model_copy(update={"shrink": ShrinkSettings(enabled=True)})


def concluded(session: Session, theta: nn.Module) -> Shrinkage:
    """Return the result's shrinkage, which must be known."""
    with session.log:
        found = store_shrunk_model(session, theta)
    assert found is not None
    return found


def test_a_grouped_run_stores_its_shrunk_model(tmp_path, dataset):
    """Weights and a manifest are written, with as many bytes as the result says."""
    preset = shrinking(tiny_preset("StructPruneGroupQuantize16", "on"))
    session = open_session(tmp_path, preset, dataset, StopFlag())
    theta = compress(session, tiny_network())[0]
    found = concluded(session, theta)
    assert found.masked == found.removable > 0.5
    assert found.difference is not None
    assert found.difference <= 1e-5
    assert session.folder.shrunk.stat().st_size == found.bytes_on_disk
    weights = safetensors.torch.load_file(session.folder.shrunk)
    assert weights["0.weight"].dtype is torch.float16
    manifest = read_manifest(session.folder.shrunk_manifest)
    assert {each.name: each.outputs for each in manifest.layers} == {
        name.removesuffix(".weight"): len(each)
        for name, each in weights.items()
        if name.endswith(".weight")
    }
    assert not any("No shrunk model" in warning for warning in session.warnings)


def test_an_ungrouped_run_is_measured_and_says_why_it_is_not_stored(tmp_path, dataset):
    """Removable filters are counted; BatchNorm's constants prevent an exact model."""
    preset = shrinking(tiny_preset("FilterPrune", "on"))
    session = open_session(tmp_path, preset, dataset, StopFlag())
    theta = tiny_network()
    theta[1].bias.data += 0.5
    scheme = session.cell.scheme
    build_scheme(scheme, 0.3, preset.guard, session.image_shape).pi(theta)
    found = concluded(session, theta)
    assert found.num_removable > 0
    assert found.bytes_on_disk is None
    assert not session.folder.shrunk.exists()
    assert "add a constant to channels" in session.warnings[0]
    assert "group = true" in session.warnings[0]


def test_a_stored_model_comes_back_as_it_was(tmp_path, dataset):
    """The shrunk model loads from the run's folder by architecture, manifest and weights."""
    preset = shrinking(tiny_preset("FilterPruneGroup", "on"))
    session = open_session(tmp_path, preset, dataset, StopFlag())
    network = build_network("resnet18", channels=3, num_classes=2, seed=0)
    scheme = session.cell.scheme
    build_scheme(scheme, 0.25, preset.guard, session.image_shape).pi(network)
    concluded(session, network)
    loaded = load_shrunk(session.folder)
    images = torch.cat([inputs for inputs, _ in session.val])
    shrunk = shrink(network, session.image_shape)
    with torch.no_grad():
        assert torch.equal(loaded(images), shrunk.network.eval()(images))
    check_same(network, shrunk, images)


def test_unstructured_schemes_have_nothing_to_shrink(tmp_path, dataset):
    """Single zero weights leave every channel in use."""
    session = open_session(tmp_path, shrinking(tiny_preset()), dataset, StopFlag())
    with session.log:
        assert store_shrunk_model(session, tiny_network()) is None
