"""One run in an MLflow store: a server, a folder or a database. The only module with mlflow."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from medtui.errors import EnvironmentProblem
from medtui.tracking.reach import is_reachable

TOKEN_TAG = "medtui.token"  # noqa: S105 - no secret: it tells a run from others of its name

_ENVIRONMENT = {
    # MLflow sends usage statistics and asks for newer versions; nothing may leave but the run.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    # mlflow's own retries would hold the process for minutes, and send a batch again whose answer
    # was lost. What fails is sent later, without what has arrived.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    # Since 3.13, mlflow refuses folders without this; they need no database and no server.
    "MLFLOW_ALLOW_FILE_STORE": "true",
}

_MAX_METRICS, _MAX_PARAMETERS = 1000, 100
"""How many a batch may hold. Source: MLflow's REST API, "Request Limits"."""

_MAX_VALUE = 5000
"""Characters of a parameter's value and of a tag's that every version takes."""

_NO_NAME = re.compile(r"[^\w\-. /:]")
"""What the name of a metric or parameter must not contain."""


@dataclass(frozen=True)
class Point:
    """One number."""

    name: str
    value: float
    step: int
    time_ms: int
    """Unix time, milliseconds."""
    number: int
    """How many points of this name the log has before it."""


class MlflowRun:
    """One MLflow run, which is found again, or created when it is first needed."""

    def __init__(self, address: str, experiment: str, name: str, token: str) -> None:
        """`token` tells this run from others of its name; the same finds the same run again."""
        self._address, self._experiment, self._name = address, experiment, name
        self._token = token
        self._client: Any = None
        self._id = ""
        self.url = ""
        """Its web page, or the store itself where that is no server; empty before it is found."""
        self._num_stored: dict[str, int] = {}
        """Name to how many points of it the store had when the run was found."""

    def open(self, parameters: Mapping[str, Any]) -> None:
        """Find the run, or create it with its parameters; nothing happens once that is done.

        Raises:
            EnvironmentProblem: the server does not answer.
            Exception: MLflow's own, as it refuses.
        """
        if self._id:
            return
        require_reachable(self._address)
        client = self._client or _new_client(self._address)
        self._client = client
        found = client.get_experiment_by_name(self._experiment)
        if found is None:
            experiment = client.create_experiment(self._experiment)
        else:
            experiment = found.experiment_id
        runs = client.search_runs(
            [experiment], filter_string=f"tags.`{TOKEN_TAG}` = '{self._token}'", max_results=1
        )
        if runs:
            run = runs[0]
            client.update_run(run.info.run_id, status="RUNNING")
            self._num_stored = {
                name: len(client.get_metric_history(run.info.run_id, name))
                for name in run.data.metrics
            }
        else:
            run = client.create_run(experiment, run_name=self._name, tags={TOKEN_TAG: self._token})
        self._log_parameters(run, parameters)
        self._id = run.info.run_id
        self.url = self._address
        if self._address.startswith("http"):
            self.url = f"{self._address.rstrip('/')}/#/experiments/{experiment}/runs/{self._id}"

    def log(self, points: Sequence[Point]) -> None:
        """Send points, without those that the store had when the run was found.

        A log only grows, so the n points of a name in the store are the first n in the log. After
        an error the run is found anew, so that points that arrived are not sent again.

        Raises:
            EnvironmentProblem: the server does not answer.
            Exception: MLflow's own, as it refuses.
        """
        fresh = [
            point
            for point in points
            if point.number >= self._num_stored.get(clean_name(point.name), 0)
        ]
        try:
            require_reachable(self._address)
            for start in range(0, len(fresh), _MAX_METRICS):
                batch = _metrics(fresh[start : start + _MAX_METRICS])
                self._client.log_batch(self._id, metrics=batch)
        except Exception:
            self._id = ""
            raise

    def describe(self, facts: Mapping[str, object]) -> None:
        """Set facts that are not numbers as tags."""
        for name, value in facts.items():
            self._client.set_tag(self._id, clean_name(f"medtui.{name}"), str(value)[:_MAX_VALUE])

    def attach(self, path: Path, folder: str) -> None:
        """Attach a file."""
        self._client.log_artifact(self._id, str(path), folder)

    def end(self, status: str) -> None:
        """Mark the run as ended: `FINISHED`, `FAILED` or `KILLED`."""
        self._client.set_terminated(self._id, status)

    def _log_parameters(self, run: Any, parameters: Mapping[str, Any]) -> None:  # noqa: ANN401 - mlflow's
        """Log what is not logged yet; MLflow refuses to change a parameter."""
        from mlflow.entities import Param

        known = run.data.params
        missing = [
            Param(name, str(value)[:_MAX_VALUE])
            for name, value in ((clean_name(key), value) for key, value in parameters.items())
            if name not in known
        ]
        for start in range(0, len(missing), _MAX_PARAMETERS):
            batch = missing[start : start + _MAX_PARAMETERS]
            self._client.log_batch(run.info.run_id, params=batch)


def clean_name(name: str) -> str:
    """Return a name as every store of MLflow accepts it: `compress/val.accuracy`.

    The first `/` stays, by which MLflow groups charts. Others become `.`: a folder store keeps
    `compress/density` as a file, which cannot be a folder for `compress/density/conv1`, too. Other
    characters that MLflow refuses become `_`.
    """
    stage, separator, rest = name.partition("/")
    return _NO_NAME.sub("_", stage + separator + rest.replace("/", "."))


def require_reachable(address: str) -> None:
    """Do nothing where the address is a folder, a database or a server that answers.

    Raises:
        EnvironmentProblem: the server does not answer.
    """
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"}:
        return
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if not is_reachable((parts.hostname or "", port), scheme=parts.scheme):
        raise EnvironmentProblem(f"{parts.hostname}:{port} does not answer.")


def _new_client(address: str) -> Any:  # noqa: ANN401 - mlflow's types need its import
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = _ENVIRONMENT["MLFLOW_HTTP_REQUEST_MAX_RETRIES"]
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=address)


def _metrics(points: Iterable[Point]) -> list[Any]:
    from mlflow.entities import Metric

    return [
        Metric(clean_name(point.name), point.value, point.time_ms, point.step) for point in points
    ]
