"""The files of a run, read without medtui: JSON, numpy archives, TOML and safetensors."""

import json
import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SPLITS = ("val", "test")

_TYPES = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "I64": np.int64, "I32": np.int32,
    "U8": np.uint8, "BOOL": np.bool_,
}  # fmt: skip


@dataclass(frozen=True)
class RunFiles:
    """A finished run's folder."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def study(self) -> Path:
        """The study's folder."""
        return self.path.parent

    @property
    def key(self) -> str:
        """`study/run`."""
        return f"{self.study.name}/{self.name}"

    @property
    def reference(self) -> "RunFiles | None":
        """The study's reference of this run's seed; None for a reference itself."""
        if self.name.startswith("reference"):
            return None
        seed = re.search(r"-r(\d+)$", self.name)
        return RunFiles(self.study / (f"reference-s{seed[1]}" if seed else "reference"))

    @property
    def control(self) -> "RunFiles | None":
        """The study's control of this run's seeds; None without one, and for a dense network."""
        if self.is_dense:
            return None
        seeds, seed = re.search(r"(-s\d+)?(-r\d+)?$", self.name), self.result["seed"]
        names = [f"control{seeds[0] if seeds else ''}", f"control-s{seed}" if seed else "control",
                 "control"]  # fmt: skip
        found = [RunFiles(self.study / name) for name in names]
        return next((each for each in found if (each.path / "result.json").is_file()), None)

    @property
    def is_dense(self) -> bool:
        """Whether nothing was compressed."""
        return self.name.startswith(("reference", "control"))

    @property
    def baseline(self) -> "RunFiles | None":
        """What changes are against: the control, else the reference."""
        return self.control or self.reference

    @cached_property
    def result(self) -> dict[str, Any]:
        """`result.json`."""
        return json.loads((self.path / "result.json").read_text(encoding="utf-8"))

    @cached_property
    def preset(self) -> dict[str, Any]:
        """`preset.toml`."""
        return tomllib.loads((self.path / "preset.toml").read_text(encoding="utf-8"))

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """The events of `events.jsonl`, in order."""
        lines = (self.path / "events.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["event"] for line in lines]

    def cycles(self, stage: str) -> list[dict[str, Any]]:
        """Return the measured cycles, or epochs, of a stage."""
        found, current = [], ""
        for event in self.events:
            if event["kind"] == "StageStarted":
                current = event["stage"]
            elif event["kind"] == "CycleEnded" and current == stage:
                found.append(event)
        return found

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """`predictions.npz`."""
        with np.load(self.path / "predictions.npz", allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}

    @cached_property
    def images(self) -> pd.DataFrame:
        """`split.jsonl`, a row an image; the columns of subgroups are named by attribute."""
        path = self.path / "split.jsonl"
        if not path.is_file():
            return pd.DataFrame(columns=["name", "patient", "part"])
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return pd.DataFrame([{**row, **row.pop("subgroups", {})} for row in rows])

    @cached_property
    def tensors(self) -> dict[str, np.ndarray]:
        """`model.safetensors`."""
        return read_tensors(self.path / "model.safetensors")


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a safetensors file: a length, a JSON header, and the bytes."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    found = {}
    for name, tensor in header.items():
        first, last = tensor["data_offsets"]
        flat = np.frombuffer(data[start + first : start + last], _TYPES[tensor["dtype"]])
        found[name] = flat.reshape(tensor["shape"])
    return found
