"""A program that a fork server forks in tests: writes what it is, and ends as it is told.

`python -m tests.helpers.forked_program END FILE`, with END an exit status, `raise` or `wait`.
"""

# ruff: noqa: T201 - what it prints is tested
import json
import os
import random
import signal
import sys
import threading
from pathlib import Path

import numpy as np


def main() -> int:
    """Write facts about this process to FILE, and end."""
    end, path = sys.argv[1:]
    facts = {
        "pid": os.getpid(),
        "session": os.getsid(0),
        "folder": str(Path.cwd()),
        "threads": threading.active_count(),
        "devices": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "arguments": sys.argv,
        "descriptors": sorted(int(each.name) for each in Path("/proc/self/fd").iterdir()),
        "command": Path("/proc/self/cmdline")
        .read_bytes()
        .rstrip(b"\0")
        .replace(b"\0", b" ")
        .decode(),
        "name": Path("/proc/self/comm").read_text(encoding="utf-8").strip(),
        "handlers": [str(signal.getsignal(each)) for each in (signal.SIGINT, signal.SIGTERM)],
        "random": [random.random(), float(np.random.random())],  # noqa: NPY002 - the global generator
    }
    print("written to stdout")
    print("written to stderr", file=sys.stderr)
    Path(path).write_text(json.dumps(facts), encoding="utf-8")
    if end == "raise":
        raise RuntimeError("told to")
    if end == "wait":
        signal.pause()
    return int(end)


if __name__ == "__main__":
    from medtui.protocol.stdio import leave

    leave(main())
