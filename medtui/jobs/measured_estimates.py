"""Estimates of earlier checks, kept in the user's cache folder, to show beside presets.

An estimate holds for one preset, one host and one version of medtui; the cache folder may be shared
by several hosts.
"""

import hashlib
import platform
from collections.abc import Callable
from pathlib import Path

import msgspec

import medtui
from medtui.child_process import ChildProcess
from medtui.datasets.cache.entry import default_cache_dir
from medtui.errors import MedtuiError
from medtui.fork_server import ForkServer
from medtui.jobs.launcher import preflight
from medtui.preset import Preset
from medtui.protocol.preflight import Estimate, Preflight
from medtui.runs.json_record import read_json_record, write_json_record

_decoder = msgspec.json.Decoder(Estimate)


def find_estimate(preset: Preset) -> Estimate | None:
    """Return the latest estimate of a preset on this host; None where there is none."""
    try:
        return read_json_record(_path_of(preset), _decoder)
    except (MedtuiError, OSError):
        return None  # a cache: it is measured again


def keep_estimate(preset: Preset, estimate: Estimate) -> None:
    """Keep an estimate; nothing is kept where the cache folder cannot be written."""
    try:
        path = _path_of(preset)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json_record(path, msgspec.to_builtins(estimate))
    except (MedtuiError, OSError):
        return


def measure(
    preset: Preset,
    started: Callable[[ChildProcess[Preflight]], object],
    server: ForkServer | None = None,
) -> Preflight:
    """Check a preset as `launcher.preflight` does, with an estimate, and keep the estimate.

    Raises:
        MedtuiError: as for `launcher.preflight`.
    """
    found = preflight(preset, is_measured=True, started=started, server=server)
    if found.estimate is not None:
        keep_estimate(preset, found.estimate)
    return found


def _path_of(preset: Preset) -> Path:
    """Return the file of a preset's estimate; its name and note do not count."""
    settings = preset.model_dump_json(by_alias=True, exclude={"name", "note"})
    known = f"{settings}\n{platform.node()}\n{medtui.__version__}"
    digest = hashlib.sha256(known.encode()).hexdigest()
    return default_cache_dir() / "estimates" / f"{digest[:32]}.json"
