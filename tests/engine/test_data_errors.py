"""Errors in a data set stop a study before it starts, unless its preset accepts them."""

from pathlib import Path

import numpy as np
import pytest

from medtui.datasets.findings import UnacceptedFindings
from medtui.engine.preflight import forecast
from medtui.engine.run.pipeline import execute
from medtui.engine.run.stopping import StopFlag, StopRequested
from medtui.events import DataLoaded, RunStarted
from medtui.preset import Preset
from medtui.runs.folder import StudyFolder
from medtui.runs.log.writer import EventWriter
from medtui.worker import failure_event
from tests.helpers.drawn_images import write_medmnist
from tests.helpers.tiny_sessions import tiny_preset

STARTED = RunStarted(1, "host", "cpu", threads=1)


@pytest.fixture
def leaking(tmp_path: Path) -> Preset:
    """Return a preset on an npz file whose official split shares 8 patients."""
    patients = {
        f"{split}_patients": np.array([f"p{number % 8}" for number in range(count)])
        for split, count in (("train", 40), ("val", 12), ("test", 12))
    }
    root = write_medmnist(tmp_path / "leaking.npz", (28, 28), **patients)
    preset = tiny_preset()
    data = preset.data.model_copy(update={"card": "medmnist", "root": root, "limit": None})
    return preset.model_copy(update={"data": data})


def accepting(preset: Preset, *names: str) -> Preset:
    """Return the preset with accepted errors."""
    return preset.model_copy(update={"data": preset.data.model_copy(update={"accept": names})})


def test_the_preflight_refuses_an_error(leaking: Preset) -> None:
    """The message names the error, and the hint how to accept it."""
    with pytest.raises(UnacceptedFindings, match=r"8 patients in several splits.*shared-patients"):
        forecast(leaking)


def test_the_preflight_passes_accepted_errors(leaking: Preset) -> None:
    """What is accepted is still among the notes."""
    found = forecast(accepting(leaking, "shared-patients"))
    assert any("8 patients in several splits" in note for note in found.notes)


def test_the_first_process_of_a_study_refuses_an_error(leaking: Preset, tmp_path: Path) -> None:
    """It judges what only reading the images shows; to try again cannot help."""
    run = StudyFolder(tmp_path / "study").reference
    run.path.mkdir(parents=True)
    with EventWriter(run.events) as log, pytest.raises(UnacceptedFindings) as caught:
        execute(run, leaking, log, StopFlag(), STARTED)
    assert not failure_event(caught.value).is_resumable
    assert log.history.data is None


def test_a_study_that_has_begun_is_finished(leaking: Preset, tmp_path: Path) -> None:
    """A resumed run is not judged: its data were loaded before."""
    run = StudyFolder(tmp_path / "study").reference
    run.path.mkdir(parents=True)
    stop = StopFlag()
    with EventWriter(run.events) as log:
        log.write(DataLoaded(40, 12, 12, ["class 0", "class 1"], "digest"))
    with EventWriter(run.events) as log:
        write = log.write

        def stop_once_loaded(event: object) -> None:
            write(event)  # type: ignore[arg-type] # an event
            if isinstance(event, DataLoaded):
                stop.reason = "loaded"

        log.write = stop_once_loaded  # type: ignore[method-assign]
        with pytest.raises(StopRequested):
            execute(run, leaking, log, stop, STARTED)
    assert log.history.data is not None
    assert log.history.data.num_train == 40
