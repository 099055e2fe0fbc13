"""Export of one file: written to a temporary folder, read back, validated, timed and renamed."""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import torch

import medtui
from medtui.engine.export import int8, int8_onnx, onnx_file, pt2, weights
from medtui.engine.export.loaded_run import NUM_CALIBRATED, LoadedRun
from medtui.engine.export.runtime import Forward, OpenedFile
from medtui.engine.export.timing import time_runtimes
from medtui.engine.export.validation import check_content, compare, validate
from medtui.engine.run.device import cpu_capability, device_name
from medtui.engine.run.model_description import describe_model
from medtui.errors import EnvironmentProblem, explain_os_error
from medtui.protocol.export import ExportPlan, FormatName, temporary_prefix
from medtui.protocol.onnx_versions import minimum_runtime
from medtui.runs.exports import (
    Comparison,
    Export,
    Format,
    Metadata,
    Timing,
    file_name,
    record_path,
    write_record,
)

Report = Callable[[str], None]

Write = Callable[[LoadedRun, bytes, Path], None]
Read = Callable[[Path, LoadedRun], OpenedFile]

FORMATS: dict[FormatName, tuple[Write, Read]] = {
    "onnx": (onnx_file.write, onnx_file.read),
    "pt2": (pt2.write, pt2.read),
    "int8": (int8.write, int8.read),
    "int8-onnx": (int8_onnx.write, onnx_file.read),
    "packed": (weights.write_packed_weights, weights.read_packed_weights),
    "safetensors": (weights.write_safetensors, weights.read_safetensors),
}
"""The writer and the reader of each format."""


@dataclass(frozen=True)
class Exporter:
    """Writes and validates files of one run."""

    loaded: LoadedRun
    plan: ExportPlan
    report: Report

    def make(self, form: Format) -> Export:
        """Write a file and its record; if an error is raised, no file is left.

        Raises:
            ValidationFailed: the file's logits, metric or tensors differ from the run's.
            EnvironmentProblem: a package is missing, or the folder cannot be written.
        """
        if form.missing:
            raise EnvironmentProblem(
                f"--{form.name} needs {', '.join(form.missing)}, which "
                f"{'is' if len(form.missing) == 1 else 'are'} not installed.",
                hint="Install with: pip install 'medtui[export]'",
            )
        folder = Path(self.plan.folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix=temporary_prefix(os.getpid()), dir=folder) as aside:
                return self._make(form, folder, Path(aside))
        except OSError as error:
            problem = explain_os_error(error)
            raise EnvironmentProblem(
                f"No {form.name} file was written to {folder}. {problem.message}",
                hint=problem.hint,
            ) from error

    def _make(self, form: Format, folder: Path, aside: Path) -> Export:
        loaded = self.loaded
        write, read = FORMATS[form.name]
        metadata = msgspec.json.encode(describe(loaded, form, self.plan))
        name = file_name(loaded.run, form, is_shrunk=loaded.manifest.is_shrunk)
        made = aside / name
        self.report(f"{form.name}: writing {name}")
        if form.is_onnx:
            versions = {"opset": self.plan.opset, "ir_version": self.plan.ir_version}
            write = partial(write, **versions)
        write(loaded, metadata, made)
        self.report(f"{form.name}: reading it back")
        opened = read(made, loaded)
        check_content(loaded, opened, metadata)
        self.report(f"{form.name}: {_progress_text(loaded)}")
        comparisons = compare(loaded, opened)
        validate(form.name, loaded, comparisons, self.plan.max_drop)
        timings: list[Timing] = []
        if self.plan.with_timing:
            self.report(f"{form.name}: timing it against the dense reference")
            timings = time_runtimes(loaded, opened.runtimes | _peers(loaded, form, opened, aside))
        export = self._record(form, made, comparisons, timings)
        self.report(f"{form.name}: moving it into place")
        _publish(made, folder, export)
        return export

    def _record(
        self, form: Format, made: Path, comparisons: list[Comparison], timings: list[Timing]
    ) -> Export:
        loaded = self.loaded
        return Export(
            file=made.name,
            num_bytes=made.stat().st_size,
            sha256=hashlib.sha256(made.read_bytes()).hexdigest(),
            bytes_of_run=loaded.run.model.stat().st_size,
            bytes_of_reference=loaded.run.reference.model.stat().st_size,
            bytes_packed=loaded.result.size.bytes_packed,
            metadata=describe(loaded, form, self.plan),
            comparisons=comparisons,
            timings=timings,
            conditions=_conditions(form),
            notes=[*loaded.notes, *_notes(form, self.plan)],
            written_at=time.time(),
        )


def describe(loaded: LoadedRun, form: Format, plan: ExportPlan) -> Metadata:
    """Return the metadata that is stored inside a file."""
    record = describe_model(loaded.run, loaded.manifest.architecture, loaded.dataset, loaded.result)
    return Metadata(
        study=record.study,
        run=record.run,
        format=form.name,
        classes=record.classes,
        task=record.task,
        positive_class=record.positive_class,
        thresholds=record.thresholds,
        threshold_rule=record.threshold_rule,
        none_class=record.none_class,
        none_beside=record.none_beside,
        preprocessing=record.preprocessing,
        data=record.data,
        network=loaded.manifest,
        medtui=medtui.__version__,
        min_onnxruntime=minimum_runtime(plan.opset, plan.ir_version) if form.is_onnx else None,
    )


def _publish(made: Path, folder: Path, export: Export) -> None:
    """Move a file to its folder and write its record.

    An older record is deleted first, so that it never describes the new file.
    """
    with made.open("rb") as file:
        os.fsync(file.fileno())
    record_path(folder / made.name).unlink(missing_ok=True)
    made.replace(folder / made.name)
    write_record(folder, export)


def _peers(loaded: LoadedRun, form: Format, opened: OpenedFile, aside: Path) -> dict[str, Forward]:
    """Return the dense reference in the runtime of an int8 file, whose speed-up has two causes."""
    if form.name == "int8-onnx":
        return {int8_onnx.DENSE: int8_onnx.dense_peer(loaded, aside)}
    if int8.COMPILED not in opened.runtimes:
        return {}
    return {f"dense reference, {int8.COMPILED}": int8.compiled(loaded.dense)}


def _progress_text(loaded: LoadedRun) -> str:
    counts = [f"{len(subset.labels):,} of {split}" for split, subset in loaded.subsets.items()]
    return f"computing logits of {' and '.join(counts)}"


def _notes(form: Format, plan: ExportPlan) -> list[str]:
    found = []
    if form.is_onnx:
        runtime = minimum_runtime(plan.opset, plan.ir_version)
        found.append(
            f"opset {plan.opset}, IR {plan.ir_version}: loads in onnxruntime {runtime} and later"
        )
    if form.is_int8:
        count = NUM_CALIBRATED
        found.append(f"activation ranges were measured on up to {count} train images only")
    if form.name == "int8" and not int8.can_compile():
        found.append("timed without compilation, which is slower: no C++ compiler was found")
    return found


def _conditions(form: Format) -> dict[str, str]:
    packages = ("torch", *form.packages)
    return {
        "processor": device_name(torch.device("cpu")),
        "threads": str(torch.get_num_threads()),
        "cpu_capability": cpu_capability(),
        **{name: str(import_module(name).__version__) for name in packages},
    }
