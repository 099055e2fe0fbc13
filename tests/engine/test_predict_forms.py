"""Each form of a model answers each form of images as the run did: a grey, multi-label run.

Colour and single-label runs are in `test_predict.py`.
"""

import shutil

import numpy as np
import pytest
from PIL import Image

import medtui
from medtui.engine.export import pt2
from medtui.errors import EnvironmentProblem, UsageError
from medtui.runs.exports import on_test
from medtui.runs.predictions import read_predictions
from tests.helpers.dicom_files import write_dicom


@pytest.fixture(scope="module")
def films(grey_run, tmp_path_factory):
    """Return a folder of the test films as PNG files, in their order."""
    folder = tmp_path_factory.mktemp("films")
    for row, pixels in enumerate(grey_run.tested):
        Image.fromarray(pixels).save(folder / f"{row:02d}.png")
    return folder


def stored(grey_run):
    """Return the run's predictions of its test split."""
    return read_predictions(grey_run.run.predictions)


@pytest.mark.parametrize(
    ("model", "tolerance"),
    [("run", 1e-5), ("packed", 1e-5), ("safetensors", 1e-5), ("shrunk", 1e-4), ("onnx", 1e-4),
     ("pt2", 1e-4)],
)  # fmt: skip
def test_every_form_gives_the_stored_logits(grey_run, films, model, tolerance):
    """Answers are by the run's thresholds, whatever computes the logits."""
    if model not in {"run", "shrunk"}:
        grey_run.export(model)
    found = medtui.load(grey_run.run.path, model=model, device="cpu").predict(films)
    home = stored(grey_run)
    assert np.abs(found.logits - home.splits["test"].logits_NK).max() < tolerance
    answers_NK = [[name in each for name in home.classes] for each in found.answers]
    assert (np.array(answers_NK) == home.scores("test").answers_NK).all()
    assert (found.are_unlike[0] is None) == (model == "pt2")


SLOW_INT8 = pytest.param("int8", marks=pytest.mark.slow)


@pytest.mark.parametrize("form", [SLOW_INT8, "int8-onnx"])
def test_int8_differs_as_its_export_has_measured(grey_run, films, form):
    """The rounded files' logits differ from the run's by no more than their record says."""
    (record,) = on_test(grey_run.export(form))
    model = medtui.load(grey_run.run.path, model=form, device="cpu", finds_unlike=False)
    logits_NK = model.predict(films).logits
    difference = np.abs(logits_NK - stored(grey_run).splits["test"].logits_NK).max()
    assert 0 < difference < record.max_logit_difference + 1e-4


def test_dicom_files_and_single_files_are_answered_as_the_films(grey_run, films, tmp_path):
    """Of one film each form of file gives the same logits; a colour picture is made grey."""
    model = medtui.load(grey_run.run.path, device="cpu", finds_unlike=False)
    whole = model.predict(films)
    write_dicom(tmp_path / "dicom" / "IM0001", grey_run.tested[0])
    write_dicom(tmp_path / "dicom" / "b.dcm", grey_run.tested[1])
    folder = model.predict(tmp_path / "dicom")
    assert folder.logits == pytest.approx(whole.logits[:2], abs=1e-5)
    colour = tmp_path / "colour.png"
    Image.fromarray(np.stack([grey_run.tested[2]] * 3, axis=-1)).save(colour)
    single = model.predict([colour, films / "03.png"])
    assert single.logits == pytest.approx(whole.logits[2:4], abs=1e-5)


@pytest.mark.slow
def test_a_renamed_int8_file_is_still_opened(grey_run, films, tmp_path):
    """Its metadata tell the format, and not its name."""
    path = tmp_path / "model.pt2"
    shutil.copy(grey_run.run.exports / grey_run.export("int8").file, path)
    assert b'"int8"' in pt2.read_metadata(path)
    model = medtui.load(grey_run.run.path, model=str(path), device="cpu", finds_unlike=False)
    assert len(model.predict(films / "00.png").problems) == 0


def test_the_file_of_another_run_is_refused(grey_run):
    """Its thresholds would be those of the wrong model."""
    path = grey_run.run.exports / grey_run.export("packed").file
    with pytest.raises(UsageError, match=r"is the model of films/filterprunegroup-0\.5, not of"):
        medtui.load(grey_run.run.reference.path, model=str(path))


@pytest.mark.parametrize(
    ("model", "package"),
    [("onnx", "onnxruntime"), ("packed", "zstandard"),
     pytest.param("int8", "torchao", marks=pytest.mark.slow)],
)  # fmt: skip
def test_a_missing_package_is_no_damaged_file(grey_run, monkeypatch, model, package):
    """The message names the package and how it is installed."""
    grey_run.export(model)
    monkeypatch.setattr("medtui.engine.inference.exported_file.find_spec", lambda _: None)
    with pytest.raises(EnvironmentProblem, match=f"needs {package}, which is not installed"):
        medtui.load(grey_run.run.path, model=model, finds_unlike=False)


@pytest.mark.parametrize("form", [SLOW_INT8, "onnx", "pt2", "packed", "safetensors"])
def test_a_cut_file_is_refused_by_name(grey_run, tmp_path, form):
    """Whatever its format, the message has the path and no traceback."""
    export = grey_run.export(form)
    path = tmp_path / export.file
    path.write_bytes((grey_run.run.exports / export.file).read_bytes()[:5000])
    with pytest.raises(EnvironmentProblem, match=path.name):
        medtui.load(grey_run.run.path, model=str(path), finds_unlike=False)
