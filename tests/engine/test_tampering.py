"""A changed digit or bit in a checkpoint or a model gives no other model."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import safetensors.torch
import torch
from torch import nn

from medtui.datasets.dataset import Dataset
from medtui.engine.lc.compression import compress
from medtui.engine.run.checkpoint import CheckpointStore
from medtui.engine.run.finetuning import choose_finetuned
from medtui.engine.run.pipeline import _stored_model
from medtui.engine.run.session import Session
from medtui.engine.run.stopping import StopFlag, StopRequested
from medtui.engine.training.network import build_network, load_stored, require_finite, state_of
from medtui.preset import Preset
from medtui.runs.checkpoint_files import STATE, TENSORS, checkpoint_numbers, checkpoint_path
from medtui.runs.folder import RunFolder
from medtui.runs.result import write_result
from medtui.runs.run_digests import digest_files
from medtui.storage import DamagedFile, MissingFile
from tests.helpers.small_study import result_of
from tests.helpers.tiny_sessions import CutAfter, open_session, tiny_network, tiny_preset


def cut_twice(folder: Path, preset: Preset, dataset: Dataset) -> CheckpointStore:
    """Compress with two interruptions, each of which leaves a checkpoint."""
    for _ in range(2):
        session = open_session(folder, preset, dataset, CutAfter(looks=4))
        with pytest.raises(StopRequested), session.log:
            compress(session, tiny_network())
    return CheckpointStore(folder / "checkpoint")


def newest(store: CheckpointStore) -> Path:
    """Return the folder of the newest checkpoint."""
    return checkpoint_path(store.folder, checkpoint_numbers(store.folder)[-1])


def numbers_in(text: str) -> Iterator[re.Match[str]]:
    """Yield each number in the values of a checkpoint's state."""
    return re.finditer(r"(?<=[ \[])-?\d+\.?\d*", text[: text.index('"fingerprint"')])


def test_no_changed_number_of_a_state_is_used(tmp_path, dataset):
    """Each number in turn, one digit: the checkpoint before is used, with a warning."""
    store = cut_twice(tmp_path / "run", tiny_preset(), dataset)
    path = newest(store) / STATE
    text = path.read_text(encoding="utf-8")
    before = store.load_newest()
    num_changed = 0
    for found in numbers_in(text):
        at = found.end() - 1
        other = "0" if text[at] != "0" else "1"
        path.write_text(text[:at] + other + text[at + 1 :], encoding="utf-8")
        changed = CheckpointStore(store.folder)
        loaded = changed.load_newest()
        assert loaded is not None
        assert loaded.state != before.state
        assert "checksum" in changed.damaged[0]
        num_changed += 1
    assert num_changed > 5


def test_state_and_tensors_belong_together(tmp_path, dataset):
    """Tensors of another checkpoint, valid in themselves, are not those of this state."""
    store = cut_twice(tmp_path / "run", tiny_preset(), dataset)
    first, last = (checkpoint_path(store.folder, number)
                   for number in checkpoint_numbers(store.folder))  # fmt: skip
    (last / TENSORS).write_bytes((first / TENSORS).read_bytes())
    newest_state = store.load_newest().state
    assert newest_state.sha256 not in (last / STATE).read_text(encoding="utf-8")
    assert len(store.damaged) == 1


def test_a_checkpoint_of_an_earlier_version_is_used(tmp_path, dataset):
    """Its state has no checksum of its own."""
    store = cut_twice(tmp_path / "run", tiny_preset(), dataset)
    path = newest(store) / STATE
    text = path.read_text(encoding="utf-8")
    bare = re.sub(r',\n "checksum": "[0-9a-f]+"', "", text)
    bare = re.sub(r',\n "num_bytes": \d+', "", bare)
    assert bare != text
    expected = store.load_newest()
    path.write_text(bare, encoding="utf-8")
    loaded = store.load_newest()
    assert loaded.state.values == expected.state.values
    assert store.damaged == []


def tuned_preset() -> Preset:
    """Return a preset that fine-tunes the best and the last cycle's theta."""
    preset = tiny_preset(guard="on")
    guard = preset.guard.model_copy(update={"finetune_epochs": 2, "finetune_lr": 0.05})
    lc = preset.lc.model_copy(update={"keep": "finetuned"})
    return preset.model_copy(update={"guard": guard, "lc": lc})


def test_a_changed_intermediate_model_stops_the_run(tmp_path, dataset):
    """What is fine-tuned in a later session is what was compressed."""
    preset, folder = tuned_preset(), tmp_path / "run"
    while not (folder / "checkpoint" / "finetune.safetensors").is_file():
        session = open_session(folder, preset, dataset, CutAfter(looks=4))
        with pytest.raises(StopRequested), session.log:
            choose_finetuned(session, reference=tiny_network, blank=tiny_network)
    file = folder / "checkpoint" / "finetune.safetensors"
    flip_last_bit(file)
    session = open_session(folder, preset, dataset, StopFlag())
    with pytest.raises(DamagedFile, match="does not match") as caught, session.log:
        choose_finetuned(session, reference=tiny_network, blank=tiny_network)
    assert "the run starts again" in caught.value.hint


def flip_last_bit(path: Path) -> None:
    """Flip an exponent bit of the last weight of a file."""
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 0x40
    path.write_bytes(raw)


@pytest.fixture
def with_reference(tmp_path: Path, dataset: Dataset) -> Session:
    """Return a session of a compression beside a finished reference."""
    preset = tiny_preset()
    session = open_session(tmp_path / "study" / "prune-0.3", preset, dataset, StopFlag())
    reference = session.folder.study.reference
    reference.path.mkdir()
    architecture = preset.model.architecture
    network = build_network(architecture, channels=3, num_classes=2, seed=0)
    reference.model.write_bytes(safetensors.torch.save(state_of(network)))
    record(reference)
    return session


def record(run: RunFolder) -> None:
    """Write a result with the digests of the files as they are."""
    result = result_of(run, 1.0)
    write_result(run, msgspec.structs.replace(result, files=digest_files(run)))


def test_the_reference_is_checked_before_a_compression(with_reference):
    """One flipped bit is found; the message says what to do."""
    reference = with_reference.folder.study.reference
    _stored_model(with_reference, reference)
    flip_last_bit(reference.model)
    with pytest.raises(DamagedFile, match="does not match") as caught:
        _stored_model(with_reference, reference)
    assert "trains a missing reference again" in caught.value.hint
    reference.model.unlink()
    with pytest.raises(MissingFile):
        _stored_model(with_reference, reference)


def test_an_early_reference_is_used_without_a_digest(with_reference):
    """Its weights must be finite and fit the network."""
    reference = with_reference.folder.study.reference
    write_result(reference, result_of(reference, 1.0))
    assert isinstance(_stored_model(with_reference, reference), nn.Module)
    state = safetensors.torch.load_file(reference.model)
    state["fc.bias"][0] = torch.nan
    reference.model.write_bytes(safetensors.torch.save(state))
    with pytest.raises(DamagedFile, match=r"fc\.bias is not finite"):
        _stored_model(with_reference, reference)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda state: state | {"0.weight": torch.zeros(2, 2)}, r"of shape \[2, 2\]"),
        (lambda state: {"0.weight": state["0.weight"]}, "missing"),
    ],
)
def test_weights_of_another_network_are_refused(tmp_path, change, reason):
    """They were loaded without a word where only shapes differed."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors.torch.save(change(state_of(tiny_network()))))
    with pytest.raises(DamagedFile, match=reason):
        load_stored(tiny_network(), path)


def test_infinite_weights_are_found(tmp_path):
    """With the name of the tensor."""
    network = tiny_network()
    network[0].bias.data[1] = torch.inf
    with pytest.raises(DamagedFile, match=r"0\.bias is not finite"):
        require_finite(network, tmp_path / "model.safetensors")
