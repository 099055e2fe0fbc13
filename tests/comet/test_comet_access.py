"""The source of the API key, and the server that it belongs to."""

import base64
import json
import socket

import pytest

from medtui.comet.access import key_source, server_of, why_offline
from medtui.tracking.reach import is_reachable

KEY = "not-a-real-key"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home and a working folder without a key."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def test_without_a_key_nothing_can_be_sent():
    """The reason names what to set."""
    assert key_source({}) is None
    assert "COMET_API_KEY" in why_offline({})


def test_the_environment_outranks_files(home):
    """`COMET_API_KEY` comes first, as in comet_ml; the source does not contain the key."""
    (home / ".comet.config").write_text(f"[comet]\napi_key = {KEY}\n")
    place = key_source({})
    assert place == str(home / ".comet.config")
    assert KEY not in place
    assert key_source({"COMET_API_KEY": KEY}) == "COMET_API_KEY"


@pytest.mark.parametrize("text", ["", "[comet]\napi_key=\n", "no section", "[comet\n", "\xff"])
def test_a_file_without_a_key_is_none(home, text):
    """Damaged files are skipped."""
    (home / ".comet.config").write_text(text, encoding="latin-1")
    assert key_source({}) is None


def test_the_server_is_the_keys_own():
    """A key of a private installation contains its address; `COMET_URL_OVERRIDE` outranks it."""
    attributes = base64.b64encode(json.dumps({"baseUrl": "https://comet.example:8443"}).encode())
    key = f"{KEY}*{attributes.decode()}"
    assert server_of({}) == ("www.comet.com", 443)
    assert server_of({"COMET_API_KEY": KEY}) == ("www.comet.com", 443)
    assert server_of({"COMET_API_KEY": key}) == ("comet.example", 8443)
    override = {"COMET_API_KEY": key, "COMET_URL_OVERRIDE": "http://other.example/clientlib/"}
    assert server_of(override) == ("other.example", 80)


def test_a_server_is_tried_by_connecting(monkeypatch):
    """A server that listens is reachable; one that does not is named in the reason."""
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    monkeypatch.delenv("https_proxy", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert is_reachable(("127.0.0.1", port))
        url = f"http://127.0.0.1:{port}"
        assert why_offline({"COMET_API_KEY": KEY, "COMET_URL_OVERRIDE": url}) == ""
    assert not is_reachable(("127.0.0.1", port), timeout_seconds=1)
    assert f"127.0.0.1:{port}" in why_offline({"COMET_API_KEY": KEY, "COMET_URL_OVERRIDE": url})
