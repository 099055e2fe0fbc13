"""One file, from the network to its place: written aside, read back, judged, timed, renamed."""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import torch

import medtui
from medtui.engine.export import int8, onnx_file, pt2, weights
from medtui.engine.export.loaded_run import NUM_CALIBRATED, Subject
from medtui.engine.export.runtime import Answer, Opened
from medtui.engine.export.timing import take_turns
from medtui.engine.export.validation import compare, judge, refuse_others
from medtui.engine.run.device import cpu_capability, device_name
from medtui.errors import EnvironmentProblem
from medtui.protocol.export import ExportPlan, FormatName
from medtui.runs.exports import (
    Comparison,
    DataSource,
    Export,
    Format,
    Metadata,
    Preprocessing,
    Timing,
    file_name,
    record_path,
    write_record,
)

Tell = Callable[[str], None]

Write = Callable[[Subject, bytes, Path], None]
Read = Callable[[Path, Subject], Opened]

ROOMS: dict[FormatName, tuple[Write, Read]] = {
    "onnx": (onnx_file.write, onnx_file.read),
    "pt2": (pt2.write, pt2.read),
    "int8": (int8.write, int8.read),
    "packed": (weights.write_packed_weights, weights.read_packed_weights),
    "safetensors": (weights.write_safetensors, weights.read_safetensors),
}
"""Who writes a format, and who reads it back."""


@dataclass(frozen=True)
class Workshop:
    """Where files are made, and how they are judged."""

    subject: Subject
    plan: ExportPlan
    tell: Tell

    def make(self, form: Format) -> Export:
        """Make a file; where anything speaks against it, there is none.

        Raises:
            NotTheRun: the file does not answer as the run does.
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
            with TemporaryDirectory(prefix=".export-", dir=folder) as aside:
                return self._make(form, folder, Path(aside))
        except OSError as error:
            reason = error.strerror or str(error)
            raise EnvironmentProblem(
                f"{folder}: {reason}. No {form.name} file is there."
            ) from error

    def _make(self, form: Format, folder: Path, aside: Path) -> Export:
        subject = self.subject
        write, read = ROOMS[form.name]
        metadata = msgspec.json.encode(describe(subject, form))
        name = file_name(subject.run, form, is_shrunk=bool(subject.manifest.layers))
        made = aside / name
        self.tell(f"{form.name}: writing {name}")
        write(subject, metadata, made)
        self.tell(f"{form.name}: reading it back")
        opened = read(made, subject)
        refuse_others(subject, opened, metadata)
        self.tell(f"{form.name}: {_told(subject)}")
        comparisons = compare(subject, opened)
        judge(form.name, subject, comparisons, self.plan.max_drop)
        timings: list[Timing] = []
        if self.plan.with_timing:
            self.tell(f"{form.name}: timing it beside the dense reference")
            timings = take_turns(subject, opened.runtimes | _peers(subject, opened))
        export = self._record(form, made, comparisons, timings)
        _publish(made, folder, export)
        return export

    def _record(
        self, form: Format, made: Path, comparisons: list[Comparison], timings: list[Timing]
    ) -> Export:
        subject = self.subject
        return Export(
            file=made.name,
            num_bytes=made.stat().st_size,
            sha256=hashlib.sha256(made.read_bytes()).hexdigest(),
            bytes_of_run=subject.run.model.stat().st_size,
            bytes_of_reference=subject.run.study.reference.model.stat().st_size,
            bytes_packed=subject.result.size.bytes_packed,
            metadata=describe(subject, form),
            comparisons=comparisons,
            timings=timings,
            conditions=_conditions(form),
            notes=[*subject.notes, *_notes(form)],
            written_at=time.time(),
        )


def describe(subject: Subject, form: Format) -> Metadata:
    """Return what travels inside a file."""
    dataset, card = subject.dataset, subject.dataset.card
    return Metadata(
        study=subject.run.study.name,
        run=subject.run.name,
        format=form.name,
        classes=list(dataset.classes),
        task=dataset.task,
        thresholds=subject.result.thresholds,
        preprocessing=Preprocessing(
            mode="L" if dataset.channels == 1 else "RGB",
            size=dataset.size,
            mean=dataset.mean,
            std=dataset.std,
        ),
        data=DataSource(
            card.name, card.title, card.source, card.licence, card.citation, dataset.digest
        ),
        network=subject.manifest,
        medtui=medtui.__version__,
    )


def _publish(made: Path, folder: Path, export: Export) -> None:
    """Put a file in its place, and its record beside it; an older record goes first."""
    with made.open("rb") as file:
        os.fsync(file.fileno())
    record_path(folder / made.name).unlink(missing_ok=True)
    made.replace(folder / made.name)
    write_record(folder, export)


def _peers(subject: Subject, opened: Opened) -> dict[str, Answer]:
    """Return the dense reference in the file's own runtime, where that alone changes the speed."""
    if int8.COMPILED not in opened.runtimes:
        return {}
    return {f"dense reference, {int8.COMPILED}": int8.compiled(subject.dense)}


def _told(subject: Subject) -> str:
    counts = [f"{len(probe.labels):,} of {split}" for split, probe in subject.probes.items()]
    return f"answering {' and '.join(counts)}"


def _notes(form: Format) -> list[str]:
    if form.name != "int8":
        return []
    found = [f"ranges are of {NUM_CALIBRATED} train images at most; val and test were not seen"]
    if not int8.can_compile():
        found.append("not compiled, and so not timed as it is meant to run: no C++ compiler here")
    return found


def _conditions(form: Format) -> dict[str, str]:
    packages = ("torch", *form.packages)
    return {
        "processor": device_name(torch.device("cpu")),
        "threads": str(torch.get_num_threads()),
        "cpu_capability": cpu_capability(),
        **{name: str(import_module(name).__version__) for name in packages},
    }
