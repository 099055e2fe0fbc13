"""Whether Comet can be used: comet_ml is installed, an API key is set, the server answers.

The key is never returned, shown or stored: comet_ml itself reads it where it is needed.
"""

import base64
import configparser
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from medtui.errors import EnvironmentProblem
from medtui.storage import UnreadableFile, read_bytes
from medtui.tracking.reach import is_reachable
from medtui.user_folders import expand_home

DEFAULT_URL = "https://www.comet.com"

DISTRIBUTION = "comet-ml"

_MAX_BYTES = 64 * 1024
"""A longer file is no configuration of comet_ml."""


def installed_version() -> str | None:
    """Return comet_ml's version without importing it; None if it is not installed."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return None


def key_source(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return where comet_ml finds the API key: `COMET_API_KEY` or a file; None without a key."""
    return next((source for source, _ in _settings("api_key", environment)), None)


def server_of(environment: Mapping[str, str] = os.environ) -> tuple[str, int]:
    """Return host and port of the Comet server that the settings or the key itself name."""
    url = next((value for _, value in _settings("url_override", environment)), "")
    key = next((value for _, value in _settings("api_key", environment)), "")
    parts = urlsplit(url or _server_in(key) or DEFAULT_URL)
    return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)


def why_offline(environment: Mapping[str, str] = os.environ) -> str:
    """Return why nothing can be sent now; empty if it can."""
    if key_source(environment) is None:
        return "no API key was found; set COMET_API_KEY or write ~/.comet.config"
    host, port = server_of(environment)
    if not is_reachable((host, port)):
        return f"{host}:{port} does not answer"
    return ""


def _settings(name: str, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield source and value of a setting from each source that has it, in comet_ml's order."""
    variable = f"COMET_{name.upper()}"
    if environment.get(variable):
        yield variable, environment[variable]
    for path in _config_files(environment):
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(read_bytes(path, _MAX_BYTES).decode())
            value = parser.get("comet", name, fallback="").strip()
        except (UnreadableFile, configparser.Error, UnicodeDecodeError):
            continue
        if value:
            yield str(path), value


def _config_files(environment: Mapping[str, str]) -> Iterator[Path]:
    given = environment.get("COMET_CONFIG")
    if given:
        path = expand_home(given)
        yield path / ".comet.config" if path.is_dir() else path
    yield Path(".comet.config")
    with suppress(EnvironmentProblem):
        yield expand_home("~/.comet.config")


def _server_in(key: str) -> str:
    """Return the server that a key contains after its `*`; empty for a key without one."""
    _, _, attributes = key.partition("*")
    try:
        return str(json.loads(base64.b64decode(attributes)).get("baseUrl", ""))
    except (ValueError, AttributeError):
        return ""
