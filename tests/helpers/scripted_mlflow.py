"""A server that speaks MLflow's REST API, keeps everything in memory, and fails as it is told.

It appends what it is sent, as MLflow does with a folder as its store: a batch that is sent twice is
there twice. Source: https://mlflow.org/docs/latest/rest-api.html
"""

import json
import random
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

Fault = Literal["", "refused", "lost", "half", "failed"]
"""What happens to a batch: it is kept; not kept (503); kept, and the connection closed without an
answer; half of it kept (500); kept (500)."""

FAULTS: tuple[Fault, ...] = ("", "", "refused", "lost", "half", "failed")


@dataclass
class StoredRun:
    """One run."""

    run_id: str
    name: str
    tags: dict[str, str]
    status: str = "RUNNING"
    params: dict[str, str] = field(default_factory=dict)
    metrics: list[dict[str, Any]] = field(default_factory=list)


class ScriptedMlflow(ThreadingHTTPServer):
    """The server; its faults come from a seed."""

    daemon_threads = True

    def __init__(self, artifacts: Path, seed: int | None) -> None:
        """`seed` of the faults of batches; None for a server without any."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.artifacts = artifacts
        self.runs: list[StoredRun] = []
        self.has_experiment = False
        self._rng = random.Random(seed) if seed is not None else None
        self.num_faults = self.num_requests = 0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def fault(self) -> Fault:
        """Return what happens to the next batch."""
        fault: Fault = self._rng.choice(FAULTS) if self._rng else ""
        self.num_faults += bool(fault)
        return fault

    def points(self) -> list[tuple[str, float, int]]:
        """Return name, value and step of all points of the only run."""
        (run,) = self.runs
        return [(each["key"], float(each["value"]), int(each["step"])) for each in run.metrics]


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedMlflow

    def log_message(self, *_: object) -> None:
        """Write nothing."""

    def do_GET(self) -> None:
        """Answer a request that reads."""
        parts = urlsplit(self.path)
        self._route(parts.path, {name: each[0] for name, each in parse_qs(parts.query).items()})

    def do_POST(self) -> None:
        """Answer a request that writes, or that searches."""
        length = int(self.headers.get("Content-Length") or 0)
        self._route(urlsplit(self.path).path, json.loads(self.rfile.read(length) or "{}"))

    def _route(self, path: str, asked: dict[str, Any]) -> None:
        self.server.num_requests += 1
        verb = path.partition("/mlflow/")[2].replace("/", "_").replace("-", "_")
        with self.server.lock:
            answer = getattr(self, f"_{verb}", None)
            if answer is None:
                self._send(404, {"error_code": "ENDPOINT_NOT_FOUND", "message": path})
            else:
                answer(asked)

    def _send(self, status: int, content: dict[str, Any]) -> None:
        encoded = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def _experiments_get_by_name(self, _asked: dict[str, Any]) -> None:
        if not self.server.has_experiment:
            self._send(404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "none"})
            return
        experiment = {"experiment_id": "1", "name": "medtui", "lifecycle_stage": "active"}
        self._send(200, {"experiment": experiment})

    def _experiments_create(self, _asked: dict[str, Any]) -> None:
        self.server.has_experiment = True
        self._send(200, {"experiment_id": "1"})

    def _runs_create(self, asked: dict[str, Any]) -> None:
        tags = {each["key"]: each["value"] for each in asked.get("tags", [])}
        run = StoredRun(f"{len(self.server.runs):032x}", asked.get("run_name", ""), tags)
        self.server.runs.append(run)
        self._send(200, {"run": self._described(run)})

    def _runs_search(self, asked: dict[str, Any]) -> None:
        token = asked["filter"].rpartition("= '")[2].rstrip("'")
        found = [run for run in self.server.runs if token in run.tags.values()]
        self._send(200, {"runs": [self._described(run) for run in found]})

    def _runs_get(self, asked: dict[str, Any]) -> None:
        self._send(200, {"run": self._described(self._run(asked))})

    def _runs_update(self, asked: dict[str, Any]) -> None:
        run = self._run(asked)
        run.status = asked.get("status", run.status)
        self._send(200, {"run_info": self._described(run)["info"]})

    def _runs_set_tag(self, asked: dict[str, Any]) -> None:
        self._run(asked).tags[asked["key"]] = asked["value"]
        self._send(200, {})

    def _metrics_get_history(self, asked: dict[str, Any]) -> None:
        found = [each for each in self._run(asked).metrics if each["key"] == asked["metric_key"]]
        self._send(200, {"metrics": found})

    def _runs_log_batch(self, asked: dict[str, Any]) -> None:
        run, metrics = self._run(asked), asked.get("metrics", [])
        fault: Fault = self.server.fault() if metrics else ""
        kept = {"refused": 0, "half": len(metrics) // 2}.get(fault, len(metrics))
        run.metrics += metrics[:kept]
        run.params |= {each["key"]: each["value"] for each in asked.get("params", [])}
        if fault == "lost":
            self.close_connection = True
        elif fault:
            self._send(503 if fault == "refused" else 500, {"error_code": "INTERNAL_ERROR"})
        else:
            self._send(200, {})

    def _run(self, asked: dict[str, Any]) -> StoredRun:
        (run,) = [run for run in self.server.runs if run.run_id == asked["run_id"]]
        return run

    def _described(self, run: StoredRun) -> dict[str, Any]:
        latest = {each["key"]: each for each in run.metrics}
        return {
            "info": {
                "run_id": run.run_id, "run_uuid": run.run_id, "experiment_id": "1",
                "run_name": run.name, "status": run.status, "lifecycle_stage": "active",
                "artifact_uri": (self.server.artifacts / run.run_id).as_uri(),
            },
            "data": {
                "metrics": list(latest.values()),
                "params": [{"key": key, "value": value} for key, value in run.params.items()],
                "tags": [{"key": key, "value": value} for key, value in run.tags.items()],
            },
        }  # fmt: skip
