"""Every export format is written, read back and validated against the run."""

import json
import zipfile

import msgspec
import onnx
import onnxruntime
import pytest
import safetensors
import safetensors.torch
import torch
from msgspec.structs import replace

from medtui.engine.export import int8
from medtui.engine.export.exporter import Exporter
from medtui.engine.export.loaded_run import load_run
from medtui.engine.export.validation import ValidationFailed, validate
from medtui.errors import EnvironmentProblem, MedtuiError, UsageError
from medtui.protocol.export import ExportPlan
from medtui.runs.exports import Comparison, Metadata, format_named, read_exports
from medtui.runs.predictions import read_predictions
from medtui.runs.result import read_result, write_result
from tests.helpers.exportable_study import SPOILED


@pytest.fixture
def make(exportable, tmp_path):
    """Return a function that exports a run in a format, without timing, and its folder."""

    def write(name, form, *, is_shrunk=False, max_drop=1.0, **more):
        subject = load_run(exportable.run(name), is_shrunk=is_shrunk, num_images=0)
        plan = ExportPlan([form], str(tmp_path), max_drop=max_drop, with_timing=False, **more)
        return Exporter(subject, plan, lambda _: None).make(format_named(form)), tmp_path

    return write


def no_compiler(monkeypatch):
    """Hide the C++ compiler, because compilation takes as long as all other tests."""
    monkeypatch.setattr(int8, "can_compile", lambda: False)


def test_onnx_gives_the_runs_answers_for_any_batch(make):
    """Onnxruntime's logits equal the run's, and the file contains its usage."""
    export, folder = make("prune-0.5", "onnx")
    assert {each.runtime for each in export.comparisons} == {"onnxruntime"}
    assert all(each.max_logit_difference < 1e-3 for each in export.comparisons)
    assert all(each.change == 0 and each.num_changed == 0 for each in export.comparisons)
    session = onnxruntime.InferenceSession(folder / export.file)
    for count in (1, 5):
        images = torch.zeros(count, 3, 24, 24).numpy()
        assert session.run(None, {"images": images})[0].shape == (count, 2)
    inside = session.get_modelmeta().custom_metadata_map["medtui"]
    assert msgspec.json.decode(inside, type=Metadata) == export.metadata
    assert export.metadata.classes == ["Uninfected", "Parasitized"]
    assert export.metadata.preprocessing.size == 24
    assert b"site-packages" not in (folder / export.file).read_bytes()


@pytest.mark.parametrize(("opset", "ir_version", "runtime"), [(20, 10, "1.18"), (18, 8, "1.15")])
def test_onnx_has_the_operator_set_and_format_that_were_asked(make, opset, ir_version, runtime):
    """Older runtimes load lower ones; the file and its record state the oldest runtime."""
    more = {} if opset == 20 else {"opset": opset, "ir_version": ir_version}
    export, folder = make("reference", "onnx", **more)
    model = onnx.load(folder / export.file)
    assert {each.domain: each.version for each in model.opset_import} == {"": opset}
    assert model.ir_version == ir_version
    assert export.metadata.min_onnxruntime == runtime
    assert export.notes[-1] == (
        f"opset {opset}, IR {ir_version}: loads in onnxruntime {runtime} and later"
    )


def test_pt2_has_the_runs_logits(make):
    """The graph uses torch's operators only; it has no paths of this machine and no real image."""
    export, folder = make("reference", "pt2")
    assert all(each.max_logit_difference < 1e-4 for each in export.comparisons)
    with zipfile.ZipFile(folder / export.file) as archive:
        assert not any(b"site-packages" in archive.read(name) for name in archive.namelist())
    program = torch.export.load(folder / export.file)
    assert not program.example_inputs[0][0].any()


def test_int8_is_a_quarter_as_large(make, monkeypatch):
    """The file has no float weights; the record has the largest difference of logits."""
    no_compiler(monkeypatch)
    export, _ = make("reference", "int8")
    assert export.num_bytes < export.bytes_of_run / 3.5
    assert all(each.max_logit_difference > 0 for each in export.comparisons)
    assert any("no C++ compiler" in note for note in export.notes)


def test_int8_onnx_is_quantised_throughout_and_judged_by_its_metric(make):
    """Each convolution reads int8 weights and uint8 images; so do the residual additions."""
    export, folder = make("reference", "int8-onnx")
    assert export.file.endswith("-int8.onnx")
    assert export.num_bytes < export.bytes_of_run / 3.5
    assert {each.runtime for each in export.comparisons} == {"onnxruntime"}
    assert all(each.max_logit_difference > 0 for each in export.comparisons)
    assert any("train images only" in note for note in export.notes)
    model = onnx.load(folder / export.file)
    made_by = {name: node.op_type for node in model.graph.node for name in node.output}
    products = [node for node in model.graph.node if node.op_type in {"Conv", "Gemm", "Add"}]
    assert products
    for node in products:
        assert {made_by[name] for name in node.input[:2]} == {"DequantizeLinear"}, node.name
    assert "BatchNormalization" not in made_by.values()
    session = onnxruntime.InferenceSession(folder / export.file)
    inside = session.get_modelmeta().custom_metadata_map
    assert msgspec.json.decode(inside["medtui"], type=Metadata) == export.metadata
    assert session.run(None, {"images": torch.zeros(5, 3, 24, 24).numpy()})[0].shape == (5, 2)


@pytest.mark.slow
def test_int8_that_loses_too_much_is_not_written(make, monkeypatch, tmp_path):
    """One feature out of range leaves int8 no precision for the others; the error has the loss."""
    no_compiler(monkeypatch)
    with pytest.raises(
        ValidationFailed, match=r"accuracy on 40 images of val falls from 1.000 to 0.\d+"
    ):
        make(SPOILED, "int8", max_drop=0.02)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("form", "max_drop"), [("int8", 0.02), ("onnx", 1.0)])
def test_too_far_from_the_run_is_judged_by_metric_or_by_logits(exportable, form, max_drop):
    """int8 may change logits if the val metric holds, float32 may not; test is no criterion."""
    subject = load_run(exportable.reference, is_shrunk=False, num_images=4)
    near = Comparison("it", "val", 4, "accuracy", 0.9, 0.9, 0.0, 0)
    far = {"int8": {"of_file": 0.87}, "onnx": {"max_logit_difference": 0.1}}[form]
    validate(form, subject, [near, replace(near, split="test")], max_drop)
    with pytest.raises(ValidationFailed, match="In it, "):
        validate(form, subject, [near, replace(near, **far)], max_drop)
    if form == "int8":
        validate(form, subject, [near, replace(near, split="test", **far)], max_drop)


@pytest.mark.slow
def test_int8_compiled_is_held_to_account_too(make):
    """With a C++ compiler, the compiled file is compared as well."""
    export, _ = make("reference", "int8")
    runtimes = {each.runtime for each in export.comparisons}
    assert runtimes == {"PyTorch", int8.COMPILED}


@pytest.mark.parametrize("name", ["prune-0.5", "quantize16"])
@pytest.mark.parametrize("form", ["packed", "safetensors"])
def test_weights_come_back_in_the_runs_own_types(make, exportable, name, form):
    """The rebuilt network has the run's weights, float16 stays float16, and its logits."""
    export, folder = make(name, form)
    assert all(each.max_logit_difference < 1e-4 for each in export.comparisons)
    if form == "safetensors":
        run = safetensors.torch.load_file(exportable.run(name).model)
        kept = {"layer4.0.conv1.weight": (1, 2), "layer4.0.conv2.weight": (1, 1)}
        kept |= dict.fromkeys(("layer4.1.conv1.weight", "layer4.1.conv2.weight"), (1, 1))
        for key, tensor in safetensors.torch.load_file(folder / export.file).items():
            first, last = kept.get(key, (0, 2))
            whole = run[key]
            expected = whole[:, :, first : last + 1, first : last + 1] if key in kept else whole
            assert tensor.dtype == whole.dtype
            assert torch.equal(tensor, expected), key
    if form == "packed":
        assert export.num_bytes <= export.bytes_packed * 1.01


@pytest.mark.parametrize("form", ["onnx", "packed", "safetensors"])
def test_weights_that_no_pixel_reaches_are_left_out(make, form):
    """The metadata have the cropped kernels, the record says how many weights are missing."""
    export, folder = make("reference", form)
    kernels = {layer.name: layer.kernel for layer in export.metadata.network.layers}
    assert kernels == {
        "layer4.0.conv1": (2, 2), "layer4.0.conv2": (1, 1),
        "layer4.1.conv1": (1, 1), "layer4.1.conv2": (1, 1),
    }  # fmt: skip
    assert any(
        note == "6,946,816 weights that no pixel reaches were left out: the file is for images of "
        "24x24" for note in export.notes
    )  # fmt: skip
    assert export.num_bytes < 0.4 * export.bytes_of_run
    assert export.label == form
    assert "shrunk" not in export.file
    assert all(each.num_changed == 0 for each in export.comparisons)
    assert (folder / export.file).stat().st_size == export.num_bytes


def test_without_its_empty_filters_a_run_answers_the_same(make):
    """Shrunk files hold fewer weights and the width of each layer, and have the run's logits."""
    export, folder = make("filterprune-0.5", "safetensors", is_shrunk=True)
    assert export.label == "safetensors shrunk"
    assert export.num_bytes < export.bytes_of_run / 2
    assert all(each.max_logit_difference < 1e-4 for each in export.comparisons)
    assert "empty filters and neurons were removed" in export.notes[0]
    with safetensors.safe_open(folder / export.file, framework="np") as file:
        layers = json.loads(file.metadata()["medtui"])["network"]["layers"]
        widths = {layer["name"]: layer["outputs"] for layer in layers}
        for name in ("conv1", "layer4.1.conv2"):
            assert widths[name] == file.get_slice(f"{name}.weight").get_shape()[0]


def test_where_nothing_can_go_shrinking_is_refused(exportable):
    """Unstructured pruning leaves no filter empty, and the error says so."""
    with pytest.raises(UsageError, match=r"0.0 % of the filters and neurons are masked"):
        load_run(exportable.run("prune-0.5"), is_shrunk=True, num_images=0)


def test_an_unfinished_run_is_refused(exportable):
    """An unfinished run has no model."""
    with pytest.raises(UsageError, match="small/unfinished is not finished"):
        load_run(exportable.run("unfinished"), is_shrunk=False, num_images=0)


def test_other_weights_than_the_runs_are_refused(exportable, tmp_path):
    """By their checksum; in runs of earlier versions, which have none, by their logits."""
    run, other = exportable.run("prune-0.5"), exportable.run("reference")
    kept, result = run.model.read_bytes(), run.result.read_bytes()
    run.model.write_bytes(other.model.read_bytes())
    try:
        with pytest.raises(MedtuiError, match="does not match the recorded one"):
            load_run(run, is_shrunk=False, num_images=0)
        write_result(run, replace(read_result(run), files={}))
        with pytest.raises(MedtuiError, match="differ from the stored ones"):
            load_run(run, is_shrunk=False, num_images=8)
    finally:
        run.model.write_bytes(kept)
        run.result.write_bytes(result)


def test_a_folder_that_cannot_be_written_is_an_error(exportable, tmp_path):
    """A file in place of the folder is named in the error, and nothing is left."""
    (tmp_path / "taken").write_text("")
    subject = load_run(exportable.run("reference"), is_shrunk=False, num_images=4)
    plan = ExportPlan(["safetensors"], str(tmp_path / "taken"), with_timing=False)
    with pytest.raises(EnvironmentProblem, match="No safetensors file was written"):
        Exporter(subject, plan, lambda _: None).make(format_named("safetensors"))


def test_files_are_timed_beside_the_dense_reference(exportable, tmp_path):
    """Timings of one image and of a batch have ratios within rounds; the reference's is 1."""
    subject = load_run(exportable.run("filterprune-0.5"), is_shrunk=True, num_images=4)
    plan = ExportPlan(["safetensors"], str(tmp_path))
    export = Exporter(subject, plan, lambda _: None).make(format_named("safetensors"))
    assert [(each.what, each.batch_size) for each in export.timings] == [
        ("dense reference, PyTorch", 1), ("PyTorch", 1),
        ("dense reference, PyTorch", 32), ("PyTorch", 32),
    ]  # fmt: skip
    assert all(each.p50_ms > 0 for each in export.timings)
    assert export.timings[0].faster.median == 1
    assert read_exports(tmp_path) == [export]


def test_a_file_that_is_gone_has_no_record(make):
    """Records are listed with their files; one without a file, or a damaged one, is skipped."""
    export, folder = make("reference", "safetensors")
    (folder / "other.json").write_text("{")
    assert read_exports(folder) == [export]
    (folder / export.file).unlink()
    assert read_exports(folder) == []


def test_the_stored_predictions_are_what_a_file_is_held_against(exportable):
    """The loaded run's logits are those of its stored predictions."""
    run = exportable.run("reference")
    subject = load_run(run, is_shrunk=False, num_images=0)
    stored = read_predictions(run.predictions).splits["test"].logits_NK
    assert abs(subject.subsets["test"].logits_NK - stored).max() < 1e-4
