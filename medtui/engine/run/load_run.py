"""Loading of a finished run's network, for the benchmark and the export."""

from torch import nn

from medtui.engine.pruning.structural_pruning import rebuild
from medtui.engine.training.network import build_network, load_stored
from medtui.errors import UsageError
from medtui.preset import Preset, parse_preset
from medtui.preset.toml import read_text
from medtui.runs.folder import RunFolder
from medtui.runs.narrowed_record import read_narrowed
from medtui.runs.result import Result, read_result
from medtui.runs.shrunk_manifest import read_manifest
from medtui.storage import require_digest


def finished_result(run: RunFolder) -> Result:
    """Return the result of a finished run.

    Raises:
        UsageError: the run is not finished.
    """
    result = read_result(run)
    if result is None or not run.model.is_file():
        raise UsageError(f"{run.full_name} is not finished: it has no model yet.")
    return result


def preset_of(run: RunFolder) -> Preset:
    """Return a run's preset.

    Raises:
        UsageError: the preset is invalid.
    """
    return parse_preset(read_text(run.preset), str(run.preset))


def load_shrunk(run: RunFolder) -> nn.Module:
    """Return a run's shrunk network in its stored types, on the CPU.

    Raises:
        MedtuiError: the run has none, or it cannot be loaded.
    """
    manifest = read_manifest(run.shrunk_manifest)
    network = rebuild(manifest.architecture, manifest.channels, manifest.num_classes, manifest)
    load_stored(network, run.shrunk)
    return network


def load_network(run: RunFolder, preset: Preset, result: Result) -> nn.Module:
    """Return a run's network with its weights, in their stored types, on the CPU.

    `preset` and `result` tell the architecture, the channels of the images and the classes.

    Raises:
        MedtuiError: the weights cannot be loaded.
    """
    assert result.image_shape is not None
    channels, num_classes = result.image_shape[0], len(result.test.per_class)
    architecture, narrowed = preset.model.architecture, read_narrowed(run)
    if narrowed is not None:
        network = rebuild(architecture, channels, num_classes, narrowed.network)
    else:
        network = build_network(architecture, channels=channels, num_classes=num_classes, seed=0)
    load_stored(network, run.model)
    return network


def check_models(run: RunFolder, result: Result) -> None:
    """Check that a run's models are those that were measured, where their digests are recorded.

    Apart from loading, whose time is measured.

    Raises:
        UnreadableFile: one is missing or has changed.
    """
    for path in (run.model, run.narrowed, run.shrunk, run.shrunk_manifest):
        require_digest(path, result.digest_of(path))
