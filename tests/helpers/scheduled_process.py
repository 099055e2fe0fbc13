"""A process that a scheduler starts: `python -m THIS FOLDER --device DEVICE NUMBER END`.

It writes its pid into the folder, waits for the file `go` there, and ends as END says: with a
status, by `kill` with SIGKILL, or `deaf`, never. On SIGTERM it ends with status 4, unless deaf.
"""

import os
import signal
import sys
import time
from pathlib import Path


def main() -> None:
    """Live."""
    _, path, _, _, number, end = sys.argv
    folder = Path(path)
    is_asked = []
    signal.signal(signal.SIGTERM, lambda *_: is_asked.append(True))
    (folder / f"alive-{number}").write_text(str(os.getpid()), encoding="utf-8")
    with (folder / "history").open("a", encoding="utf-8") as history:
        history.write(f"+{number}\n")
    while not (folder / "go").exists() and not (is_asked and end != "deaf"):
        time.sleep(0.02)
    with (folder / "history").open("a", encoding="utf-8") as history:
        history.write(f"-{number}\n")
    if is_asked and end != "deaf":
        sys.exit(4)
    if end == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    sys.exit(int(end) if end.isdigit() else 0)


if __name__ == "__main__":
    main()
