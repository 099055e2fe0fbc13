"""The smallest study that a real worker can carry out, and variants of it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.helpers.paths import REPOSITORY

SECTIONS: dict[str, dict[str, object]] = {
    "data": {"card": "demo", "limit": 24},
    "model": {"architecture": "shufflenet_v2_x0_5"},
    "reference": {"epochs": 1, "batch_size": 16},
    "compress": {"schemes": ["Prune"], "densities": [0.5], "control": False},
    "lc": {"cycles": 1, "steps": 1, "batch_size": 16},
    "guard": {"recalibrate_images": 16},
    "evaluate": {"bootstrap": 0},
    "machine": {"threads": 1, "reference_threads": 1},
}


def mini_preset(name: str = "mini", **sections: dict[str, object]) -> str:
    """Return a preset; the keys of each given section replace those of the smallest one."""
    lines = ["schema = 2", f'name = "{name}"']
    for section in dict.fromkeys([*SECTIONS, *sections]):
        lines.append(f"[{section}]")
        merged = SECTIONS.get(section, {}) | sections.get(section, {})
        lines += [f"{key} = {json.dumps(value)}" for key, value in merged.items()]
    return "\n".join(lines) + "\n"


def start_medtui(
    folder: Path, *words: str, env: Mapping[str, str] | None = None, **options: object
) -> subprocess.Popen[bytes]:
    """Start the command line in a folder, with more in its environment."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(
        [sys.executable, "-m", "medtui", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)} | (env or {}),
        **(pipes | options),
    )


def broken_flock(folder: Path, number: int) -> dict[str, str]:
    """Return the environment of processes whose `flock` fails with an error; 0 accepts all."""
    library = folder / "broken_flock.so"
    source = REPOSITORY / "tests" / "helpers" / "broken_flock.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    return {"LD_PRELOAD": str(library), "FLOCK_ERRNO": str(number)}
