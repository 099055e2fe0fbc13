"""Predictions of finished models: equal to the stored ones, whatever lies among the images."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

import medtui
from medtui.datasets.dataset import SplitData
from medtui.engine.export.exporter import Exporter
from medtui.engine.export.loaded_run import load_run
from medtui.engine.inference.familiarity import FALSE_ALARMS, measure_familiarity
from medtui.errors import UsageError
from medtui.protocol.export import ExportPlan
from medtui.resources import data_dir
from medtui.runs.exports import format_named
from medtui.runs.folder import RunFolder
from medtui.runs.predictions import read_predictions
from tests.helpers.broken_images import write_broken
from tests.helpers.earlier_version import INTERRUPTED, copy_study


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, exportable):
    """Return the folder of the test images as PNG files, named as in the predictions."""
    folder = tmp_path_factory.mktemp("pictures")
    stored = read_predictions(exportable.reference.predictions).splits["test"]
    with np.load(data_dir() / "demo" / "demo.npz") as arrays:
        for name in stored.names:
            split, row = name.split("/")
            path = folder / f"{row}.png"
            Image.fromarray(arrays[f"{split}_images"][int(row)]).save(path)
    return folder


def stored_logits(run):
    """Return the stored logits of the test images, in the order of their names."""
    test = read_predictions(run.predictions).splits["test"]
    return test.logits_NK[np.argsort(test.names)]


@pytest.mark.parametrize("name", ["reference", "prune-0.5", "quantize16"])
def test_predictions_equal_the_stored_ones(exportable, pictures, name):
    """Files are decoded and normalised as for training: logits agree to 1e-5."""
    found = medtui.load(exportable.run(name).path, device="cpu").predict(pictures)
    assert np.abs(found.logits - stored_logits(exportable.run(name))).max() < 1e-5
    assert [len(each) for each in found.answers] == [1] * len(found)
    assert found.probabilities.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize(("form", "is_shrunk"), [("onnx", False), ("safetensors", True)])
def test_exported_files_answer_as_the_run_does(exportable, pictures, tmp_path, form, is_shrunk):
    """ONNX and a shrunk model give the stored logits to 1e-4, and features as well."""
    run = exportable.run("filterprune-0.5")
    plan = ExportPlan([form], str(tmp_path), is_shrunk=is_shrunk, with_timing=False)
    loaded = load_run(run, is_shrunk=is_shrunk, num_images=8)
    export = Exporter(loaded, plan, lambda _: None).make(format_named(form))
    model = medtui.load(run.path, model=str(tmp_path / export.file), device="cpu")
    assert np.abs(model.predict(pictures).logits - stored_logits(run)).max() < 1e-4
    assert model.alarm is not None
    with pytest.raises(UsageError, match="has no onnx file"):
        medtui.load(exportable.run("quantize16").path, model="onnx")


def test_every_broken_and_foreign_file_is_listed(exportable, pictures, tmp_path):
    """None crashes, each has its reason, and the others have the answers that they had."""
    for path in pictures.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    broken = write_broken(tmp_path)
    model = medtui.load(exportable.run("prune-0.5").path, device="cpu", finds_unlike=False)
    found = model.predict(tmp_path)
    assert set(found.problems) == set(map(str, broken))
    assert all(found.problems.values())
    assert found.files == sorted(found.files)
    good = [each.logits for each in found if not each.problem]
    assert np.array(good) == pytest.approx(stored_logits(exportable.run("prune-0.5")), abs=1e-5)


def drawn_part(rng, count, centre):
    """Return a split of images whose pixels, the features here, scatter around a centre."""
    pixels = rng.normal(centre, 20, (count, 8, 8, 1)).clip(0, 255).astype(np.uint8)
    names = [str(row) for row in range(count)]
    return SplitData(pixels, np.zeros(count, np.int64), names, names)


def test_far_features_are_unlike_and_near_ones_rarely():
    """Of images like val at most about 5 % are marked; of images from elsewhere all are."""
    rng = np.random.default_rng(0)
    centre = rng.uniform(60, 200, (8, 8, 1))
    parts = [drawn_part(rng, count, centre) for count in (300, 400, 400)]
    dataset = SimpleNamespace(splits=parts)

    def features(images_NHWC):
        return torch.from_numpy(images_NHWC.reshape(len(images_NHWC), -1)).float()

    found = measure_familiarity(dataset, features)
    assert found.val_share <= FALSE_ALARMS
    assert found.test_share == pytest.approx(FALSE_ALARMS, abs=0.035)
    assert (found.num_val, found.num_test) == (400, 400)
    other = drawn_part(rng, 50, rng.uniform(60, 200, (8, 8, 1)))
    assert (found.distances(features(other.images_NHWC)) > found.limit).all()


def test_the_limit_is_measured_once_and_kept_with_the_run(exportable, pictures):
    """The marks of the run's own test images are the share that is told; a second load reads it."""
    run = exportable.run("prune-0.5")
    model = medtui.load(run.path, device="cpu")
    assert model.alarm.num_val == model.alarm.num_test == 40
    assert np.mean(model.predict(pictures).are_unlike) == pytest.approx(model.alarm.test_share)
    path = run.training_features / "run.npz"
    before = path.stat().st_mtime_ns
    assert medtui.load(run.path, device="cpu").alarm == model.alarm
    assert path.stat().st_mtime_ns == before
    path.write_bytes(path.read_bytes()[:100])
    assert medtui.load(run.path, device="cpu").alarm == model.alarm


def test_a_run_of_an_earlier_version_gets_its_record_from_its_data_set(tmp_path):
    """Without model.json the preprocessing is measured again, and kept."""
    study = copy_study(INTERRUPTED, tmp_path / "runs")
    run = RunFolder(study.path / "reference")
    model = medtui.load(run.path, device="cpu", finds_unlike=False)
    assert run.model_record.is_file()
    with np.load(data_dir() / "demo" / "demo.npz") as arrays:
        side = model.record.preprocessing.size
        images = arrays["test_images"]
        assert images.shape[1] == side
        found = model.predict_pixels(images)
    test = read_predictions(run.predictions).splits["test"]
    rows = [int(name.rpartition("/")[2]) for name in test.names]
    assert np.abs(found.logits[rows] - test.logits_NK).max() < 1e-4


def test_a_model_is_loaded_without_the_screen(exportable, pictures):
    """Three lines suffice where textual, plotext and rich are not installed."""
    code = f"""
import sys
for name in ("textual", "plotext", "rich", "comet_ml", "typer", "matplotlib"):
    sys.modules[name] = None
import medtui
assert "torch" not in sys.modules and "numpy" not in sys.modules
model = medtui.load({str(exportable.reference.path)!r}, device="cpu")
print(len(model.predict({str(pictures)!r})))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "40"


def test_a_missing_path_is_refused(exportable):
    """A typing error is no empty answer."""
    with pytest.raises(UsageError, match="no such file"):
        medtui.load(exportable.reference.path, finds_unlike=False).predict("nowhere")
    assert torch.get_num_threads() >= 1
