"""A Comet experiment, online or offline, whose calls never raise. The only module with comet_ml.

comet_ml's own recording is turned off: it would read files, git and the machine, wrap stdout and
print. Only what the caller logs is sent.
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from medtui.errors import EnvironmentProblem
from medtui.preset import TrackSettings

_QUIET = {
    "auto_output_logging": False, "log_code": False, "log_git_metadata": False,
    "log_git_patch": False, "log_env_details": False, "log_env_gpu": False, "log_env_cpu": False,
    "log_env_network": False, "log_env_disk": False, "log_env_host": False, "log_graph": False,
    "auto_param_logging": False, "auto_metric_logging": False, "parse_args": False,
    "auto_histogram_weight_logging": False, "display_summary_level": 0,
}  # fmt: skip


class Experiment:
    """One Comet experiment. A call that comet_ml refuses is counted and skipped."""

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - comet_ml ships no types
        self._inner = inner
        self.num_failed = 0
        """Calls that failed."""

    @property
    def key(self) -> str:
        """Comet's identifier of the experiment."""
        return str(self._inner.get_key())

    @property
    def url(self) -> str:
        """Its web page; empty offline."""
        return str(getattr(self._inner, "url", None) or "")

    def introduce(self, name: str, tags: list[str], parameters: Mapping[str, Any]) -> None:
        """Set the experiment's name, tags and parameters."""
        self._attempt(self._inner.set_name, name)
        self._attempt(self._inner.add_tags, tags)
        self._attempt(self._inner.log_parameters, dict(parameters))

    def log(
        self, values: Mapping[str, float], step: int | None = None, epoch: int | None = None
    ) -> None:
        """Log numbers of one moment."""
        self._attempt(self._inner.log_metrics, dict(values), step=step, epoch=epoch)

    def describe(self, facts: Mapping[str, object]) -> None:
        """Log facts that are not numbers."""
        self._attempt(self._inner.log_others, dict(facts))

    def attach(self, path: Path) -> None:
        """Attach a file."""
        self._attempt(self._inner.log_asset, str(path), file_name=path.name)

    def attach_figure(self, path: Path) -> None:
        """Attach an image."""
        self._attempt(self._inner.log_image, str(path), name=path.stem)

    def attach_model(self, name: str, path: Path) -> None:
        """Attach a file of weights."""
        self._attempt(self._inner.log_model, name, str(path))

    def end(self) -> None:
        """Send what is left, or write the archive; offline, nothing is on disk before that."""
        self._attempt(self._inner.end)

    def _attempt(self, call: Callable[..., object], *values: object, **named: object) -> None:
        try:
            call(*values, **named)
        except Exception as error:  # noqa: BLE001 - a tracker's error must not end the follower
            self.num_failed += 1
            print(f"{call.__name__}: {error!r}", file=sys.stderr)  # noqa: T201 - to comet/log.txt


def open_offline(folder: Path, settings: TrackSettings) -> Experiment:
    """Start an experiment whose archive `end` writes into `folder`; needs no API key."""
    os.environ.pop("COMET_API_KEY", None)  # not needed offline, and so never in an archive
    comet_ml = _comet_ml()
    inner = comet_ml.OfflineExperiment(
        project_name=settings.project or None,
        workspace=settings.workspace or None,
        offline_directory=str(folder),
        **_QUIET,
    )
    return Experiment(inner)


def open_online(settings: TrackSettings, key: str = "") -> Experiment:
    """Start an experiment, or continue that of `key`; the server must be reachable.

    Raises:
        EnvironmentProblem: Comet refused it.
    """
    comet_ml = _comet_ml()
    try:
        if key:
            inner = comet_ml.ExistingExperiment(previous_experiment=key, **_QUIET)
        else:
            inner = comet_ml.Experiment(
                project_name=settings.project or None,
                workspace=settings.workspace or None,
                **_QUIET,
            )
    except Exception as error:
        raise EnvironmentProblem(f"Comet refused the experiment: {error}") from error
    if not inner.alive:
        raise EnvironmentProblem("Comet refused the experiment. See comet/log.txt.")
    return Experiment(inner)


def _comet_ml() -> ModuleType:
    """Import comet_ml with its import hooks for other libraries and its error reports off."""
    os.environ["COMET_DISABLE_AUTO_LOGGING"] = "1"
    os.environ["COMET_ERROR_TRACKING_ENABLE"] = "false"
    import comet_ml

    module: ModuleType = comet_ml
    return module
