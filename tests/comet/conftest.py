"""A run's folder, in a home without a key."""

import socket
from pathlib import Path

import pytest

from medtui.runs.folder import RunFolder
from tests.helpers.comet_archive import PRESET


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A planned run without events, in a home without a key."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("COMET_API_KEY", "COMET_CONFIG", "COMET_URL_OVERRIDE", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    folder = RunFolder(tmp_path / "runs" / "cells" / "prune-0.1")
    folder.path.mkdir(parents=True)
    folder.study.preset.write_text(PRESET)
    folder.preset.write_text(PRESET)
    return folder


@pytest.fixture
def closed_port() -> int:
    """A port of this machine without a listener."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
