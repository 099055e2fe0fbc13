"""A finished study whose every file names patients, images, folders, users and machines."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from safetensors.numpy import save_file

from medtui.analysis.prediction_changes import changes_csv
from medtui.events import DataLoaded, Noted, RunFailed, RunStarted, StageStarted
from medtui.runs.external_record import (
    ExternalResult,
    TrainingOverlap,
    pack_answers,
    write_external,
)
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.json_record import write_json_record
from medtui.runs.ledger import append_look
from medtui.runs.ledger_lines import Look
from medtui.runs.log.reader import EventTail
from medtui.runs.log.record import encode_record
from medtui.runs.predictions import SplitPredictions, pack_predictions, read_predictions
from medtui.runs.result import Result, read_result, write_result
from medtui.runs.run_digests import digest_files
from medtui.storage import FileDigest, digest_of_file
from medtui.telemetry import GpuSample, Sample
from tests.helpers.altered_runs import copy_recorded

HOME = "/home/a.meier/Röntgen 2019"
HOST = "radiology-ws7"
UNREADABLE = "Schmitt_Ilse_1939.png"
"""An image that is in no split, since it cannot be read: only a sentence in the log has it."""

_PEOPLE = ("Müller-Lüdenscheidt Anna", "O'Brien, Seán", "Иванов", "王小明", "ward7#0815")


@dataclass(frozen=True)
class IdentifyingStudy:
    """A study, and what identifies someone in it."""

    study: StudyFolder
    names: frozenset[str]
    """Names of patients and images with their last parts, folders, the user and the host."""


def write_identifying_study(runs_dir: Path) -> IdentifyingStudy:
    """Write a study of recorded answers under other names."""
    study = copy_recorded(runs_dir, "films", study="films")
    names = {HOME, "a.meier", HOST, UNREADABLE, "a.meier@ukx.example"}
    reference = None
    for run in (study.reference, study.run("prune-0.5"), study.run("prune-0.05")):
        names |= _rename(run)
        answers = read_predictions(run.predictions)
        reference = reference or answers
        if not run.is_reference:
            run.changed.write_text(changes_csv(reference, answers), encoding="utf-8")
        _write_around(run)
    text = _preset_of(study.preset)
    for path in (study.preset, *(run.preset for run in study.runs())):
        path.write_text(text, encoding="utf-8")
    for run in study.runs():
        result = read_result(run)
        assert result is not None
        write_result(run, _telling(result, digest_files(run)))
        names |= _evaluate_elsewhere(run)
    study.note.write_text("ask Dr. Vogel-Brandt about Иванов", encoding="utf-8")
    study.supervisor_log.write_text(f"started in {HOME} by a.meier\n", encoding="utf-8")
    return IdentifyingStudy(study, frozenset(names))


def new_patient(patient: str) -> str:
    """Return the name that takes a recorded patient's place: long, short, a number, no ASCII."""
    number = int(patient)
    if number % 7 == 0:
        return patient  # as short as before
    if number % 5 == 0:
        return f"10023{number:03}"
    return f"{_PEOPLE[number % len(_PEOPLE)]} {number}"


def new_image(image: str, patient: str) -> str:
    """Return the name that takes a recorded image's place."""
    return f"Station 3b/{new_patient(patient).replace('/', '')} {image[1:-4]}.png"


def _rename(run: RunFolder) -> set[str]:
    """Rename patients and images in split and predictions; return the new names."""
    lines = [json.loads(line) for line in run.split.read_text().splitlines()]
    images = {line["name"]: new_image(line["name"], line["patient"]) for line in lines}
    for line in lines:
        line["name"], line["patient"] = images[line["name"]], new_patient(line["patient"])
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    run.split.write_text(f"{text}\n", encoding="utf-8")
    found = read_predictions(run.predictions)
    splits = {name: _renamed(stored, images) for name, stored in found.splits.items()}
    run.predictions.write_bytes(pack_predictions(replace(found, splits=splits)))
    patients = {line["patient"] for line in lines}
    paths = [Path(image) for image in images.values()]
    return patients | {form for path in paths for form in (str(path), path.name, path.stem)}


def _renamed(stored: SplitPredictions, images: dict[str, str]) -> SplitPredictions:
    return replace(
        stored,
        names=[images[name] for name in stored.names],
        patients=list(map(new_patient, stored.patients)),
    )


def _preset_of(path: Path) -> str:
    text = path.read_text().replace('card = "films"', f'card = "{HOME}/card.toml"', 1)
    text = text.replace('root = "films"', f'root = "{HOME}/films"', 1)
    text = text.replace('note = ""', 'note = "asked for by Dr. Vogel-Brandt"', 1)
    site = (
        f'\n[[external]]\nname = "clinic b"\ncard = "{HOME}/b.toml"\nroot = "{HOME}/b"\n'
        'split = "all"\nclasses = {}\n'
    )
    return text + site


def _write_around(run: RunFolder) -> None:
    """Write what stands beside answers: weights, log, telemetry, provenance, output, a tracker."""
    save_file({"fc.weight": np.ones((2, 3), np.float32)}, run.model)
    digest = "d1" * 32
    found = json.loads(run.provenance.read_bytes())
    found |= {"host": HOST, "command": [f"{HOME}/medtui", "--run"], "data_digest": digest}
    write_json_record(run.provenance, found)
    records = EventTail(run.events).read_all()
    for at, record in enumerate(records):
        event = record.event
        if isinstance(event, RunStarted):
            event = msgspec.structs.replace(event, host=HOST)
        if isinstance(event, DataLoaded):
            event = msgspec.structs.replace(event, digest=digest)
        records[at] = msgspec.structs.replace(record, event=event)
    at = next(at for at, each in enumerate(records) if isinstance(each.event, StageStarted)) + 1
    told = Noted(f"1 image cannot be used: {UNREADABLE} (truncated); left out", "warning")
    records.insert(at, msgspec.structs.replace(records[at], event=told))
    records.append(
        msgspec.structs.replace(records[-1], event=Noted(f"{HOME}/films: Иванов 12 was seen"))
    )
    run.events.write_bytes(
        b"".join(
            encode_record(msgspec.structs.replace(each, seq=seq))
            for seq, each in enumerate(records)
        )
    )
    _write_telemetry(run)
    run.worker_log.write_text(f"opened {HOME}/films\n", encoding="utf-8")
    run.tracker("mlflow").mkdir()
    (run.tracker("mlflow") / "log.txt").write_text("sent by a.meier@ukx.example")
    (run.path / "Иванов.txt").write_text("a file that is not medtui's")


def _write_telemetry(run: RunFolder) -> None:
    from medtui.protocol.gpus import GpuProcess

    gpu = GpuSample(0, uuid="GPU-1", processes=[GpuProcess(1, user="a.meier", name="python")])
    lines = [msgspec.json.encode(Sample(1.0 + at, float(at), gpus=[gpu])) for at in range(3)]
    run.telemetry.write_bytes(b"\n".join(lines) + b"\n")


def _telling(result: Result, files: dict[str, FileDigest]) -> Result:
    """Return a result with sentences that name images, and the digests of the files."""
    return msgspec.structs.replace(
        result,
        warnings=[f"No shrunk model was saved: {HOME}/films is read-only."],
        accepted={"shared-patients": "王小明 3 is in train and test"},
        files=files,
    )


def _evaluate_elsewhere(run: RunFolder) -> set[str]:
    """Write a result on another data set, and its line of the ledger; return its names."""
    result = read_result(run)
    assert result is not None
    home = read_predictions(run.predictions).splits["test"].take(np.arange(12))
    stored = replace(
        home,
        names=[f"klinik-b/{at:04}-{name[-8:]}" for at, name in enumerate(home.names)],
        patients=[*home.patients[:6], *(f"PID{at:05}" for at in range(6))],
    )
    overlap = TrainingOverlap(1, home.patients[:1], 1, [(stored.names[0], read_first_train(run))])
    external = ExternalResult(
        study=run.study.name, run=run.name, site="clinic b", digest="e2" * 32, card="b",
        title="Films of clinic b", split="all", task="multi", positive_class=None,
        thresholds=result.thresholds, threshold_rule=None, class_map={}, absent_classes=[],
        left_out={}, num_bad=1, has_patients=True, measured=result.test, overlap=overlap,
        interval_method="jackknife", model=digest_of_file(run.model),
        predictions=FileDigest("", 0), findings=[f"1 image cannot be used: {UNREADABLE}"],
    )  # fmt: skip
    folder = write_external(run, external, pack_answers(stored))
    files = (folder.predictions, folder.result)
    append_look(
        run.study,
        Look(
            verb="evaluate", command=["medtui", "evaluate", f"--root={HOME}/b"], run=run.name,
            split="all", site="clinic b",
            inputs={f"{run.name}/model.safetensors": digest_of_file(run.model).sha256,
                    "data": external.digest},
            results={str(path.relative_to(run.study.path)): digest_of_file(path).sha256
                     for path in files},
            outcome="evaluated",
        ),
    )  # fmt: skip
    paths = [Path(name) for name in stored.names]
    forms = {form for path in paths for form in (str(path), path.name, path.stem)}
    return forms | {*stored.patients}


def read_first_train(run: RunFolder) -> str:
    """Return the name of an image that the split file alone names, if there is one."""
    lines = [json.loads(line) for line in run.split.read_text().splitlines()]
    train = [line["name"] for line in lines if line["part"] == "train"]
    return str(train[0] if train else lines[0]["name"])


def fail(run: RunFolder) -> None:
    """Let a run end with an error that names a file."""
    run.result.unlink()
    records = EventTail(run.events).read_all()
    failed = RunFailed(f"{HOME}/films/{UNREADABLE} is damaged", hint="ask a.meier")
    last = msgspec.structs.replace(records[-1], event=failed)
    run.events.write_bytes(b"".join(map(encode_record, [*records[:-1], last])))
