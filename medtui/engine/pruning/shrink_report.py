"""The size of a shrunk model, and its files in a finished run's folder."""

import msgspec
import safetensors.torch
from torch import nn

from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.pruning.model_size import measure_size
from medtui.engine.pruning.structural_pruning import (
    NUM_CHECKED,
    NotShrinkable,
    Shrunk,
    check_same,
    shrink,
)
from medtui.engine.run.session import Session
from medtui.engine.training.batches import EvaluationBatches
from medtui.engine.training.network import state_of
from medtui.preset import Preset
from medtui.protocol.model_size import Shrinkage
from medtui.runs.shrunk_manifest import pack_manifest


def measure_shrinkage(shrunk: Shrunk, image_shape: ImageShape) -> Shrinkage:
    """Return the number of removed structures and the size of a shrunk network."""
    channels, side, _ = image_shape
    return Shrinkage(
        num_masked=shrunk.num_masked,
        num_removable=shrunk.num_removed,
        size=measure_size(shrunk.network, channels=channels, side=side),
    )


def crops_kernels(preset: Preset) -> bool:
    """Return whether shrunk models of a preset leave weights out that no pixel reaches."""
    return preset.compress.guard == "on" and preset.guard.unreachable == "prune"


def store_shrunk_model(session: Session, model: nn.Module) -> Shrinkage | None:
    """Return the size of a run's model once shrunk; write it if the preset enables `shrink`.

    A model that cannot be shrunk is no failure of the run: a warning in the result names the cause.
    """
    if session.cell is None or not session.cell.scheme.is_structured:
        return None
    is_enabled = session.preset.shrink.enabled
    try:
        shrunk = shrink(model, session.image_shape, is_cropped=crops_kernels(session.preset))
    except Exception as error:  # noqa: BLE001 - a trained run is worth more than its shrunk copy
        if is_enabled:
            session.warn(f"No shrunk model was saved: {getattr(error, 'message', error)}")
        return None
    found = measure_shrinkage(shrunk, session.image_shape)
    if not is_enabled:
        return found
    images, _ = next(iter(EvaluationBatches(session.val.images, NUM_CHECKED)))
    try:
        difference = check_same(model, shrunk, images)
    except NotShrinkable as error:
        session.warn(f"No shrunk model was saved: {error.message} {error.hint}".rstrip())
        return found
    weights = safetensors.torch.save(state_of(shrunk.network))
    manifest = shrunk.manifest(
        session.preset.model.architecture,
        channels=session.dataset.channels,
        num_classes=len(session.dataset.classes),
    )
    session.publish(session.folder.shrunk, weights)
    session.publish(session.folder.shrunk_manifest, pack_manifest(manifest))
    return msgspec.structs.replace(found, bytes_on_disk=len(weights), difference=difference)
