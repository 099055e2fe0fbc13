"""Recorded run folders, and the application over them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from medtui.protocol.preflight import Preflight
from tests.helpers.recorded_runs import RecordedStudy
from tests.helpers.showcase import record_showcase
from tests.helpers.tui_pilot import wait_longer


@pytest.fixture
def runs_dir(tmp_path: Path) -> Path:
    """Return a place for studies."""
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


@pytest.fixture
def showcase(runs_dir: Path) -> Iterator[list[RecordedStudy]]:
    """Record a finished, a stopped and a live study."""
    studies = record_showcase(runs_dir)
    yield studies
    for study in studies:
        study.release()


@pytest.fixture(autouse=True)
def _no_preflight(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep torch out of tests that only drive screens; `real_preflight` tries the real one."""
    if "real_preflight" not in request.keywords:
        nothing = Preflight(0, 0, 0, 0, [], [], 1.0)
        monkeypatch.setattr(
            "medtui.jobs.measured_estimates.preflight", lambda _preset, **_: nothing
        )
        monkeypatch.setattr("medtui.fork_server.ForkServer.start", lambda _: None)


@pytest.fixture(autouse=True)
def _no_vitals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the load of this machine out of the title bar."""
    monkeypatch.setattr("medtui.telemetry.vitals_reader.VitalsReader.start", lambda _: None)


@pytest.fixture(autouse=True)
def _patient_pilot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Textual's pilot wait for messages as long as `until` waits, also on a busy machine."""
    wait_longer(monkeypatch)
