"""Checks of an edited preset: the first is started, later ones are forked, with one answer."""

import subprocess

import pytest

from medtui.child_process import ChildProcess
from medtui.jobs import launcher
from medtui.jobs.repeated_checks import RepeatedChecks
from medtui.preset import parse_preset
from medtui.protocol.preflight import Preflight
from tests.helpers.waiting import wait_until

PRESET = """
name = "checked"
[data]
card = "demo"
limit = 16
[reference]
epochs = 1
batch_size = 8
[compress]
schemes = ["Prune"]
densities = [0.3]
[lc]
cycles = 2
steps = 1
batch_size = 8
[machine]
device = "cpu"
threads = 1
"""


@pytest.fixture
def checks(tmp_path, monkeypatch):
    """Return checks whose estimates are not kept."""
    monkeypatch.setenv("MEDTUI_CACHE_DIR", str(tmp_path))
    made = RepeatedChecks()
    yield made
    made.close()


def test_the_second_check_is_forked_and_gives_the_same_answer(checks, monkeypatch):
    """Its process is a child of this one; a server that is not ready holds up no check."""
    # The estimates of two measurements differ: the answer without one is compared.
    asked = launcher.PreflightRequest
    monkeypatch.setattr(
        launcher,
        "PreflightRequest",
        lambda text, _, skips: asked(text, is_measured=False, skips_impossible=skips),
    )
    preset = parse_preset(PRESET, "checked")
    kinds: list[bool] = []

    def note(process: ChildProcess[Preflight]) -> None:
        kinds.append(isinstance(process._process, subprocess.Popen))

    first = checks.measure(preset, note)
    assert checks._server.pid is not None
    wait_until(lambda: checks._server.is_settled, "the server")
    assert checks.measure(preset, note) == first
    assert kinds == [True, False]
    assert [cell.slug for cell in first.cells] == ["prune-0.3"]
    checks.close()
    assert checks._server.pid is None
