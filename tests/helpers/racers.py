"""Racers for locks: `python racers.py NUM MODE` forks NUM processes for each folder on stdin.

Each acquires the folder's lock, and prints the outcome. The winner keeps the lock until `end`.
MODE is how `flock` behaves: `none` does not exist, `void` accepts everything, `local` keeps out
only the processes of this mount namespace.
"""

# ruff: noqa: T201 - its stdout is its protocol
import fcntl
import os
import subprocess
import sys
from pathlib import Path

from medtui.errors import EnvironmentProblem
from medtui.runs.ownership import heartbeat, liveness, lock, owner


def refuse(*_: object) -> None:
    """Raise what a file system without locks raises."""
    raise OSError(38, "Function not implemented")


def main() -> None:
    """Race until stdin ends."""
    num, mode = int(sys.argv[1]), sys.argv[2]
    heartbeat.BEAT_SECONDS = liveness.POLL_SECONDS = lock.POLL_SECONDS = 0.05
    owner.own_boot_id(), owner.own_pid_namespace(), owner.own_machine_id()
    if mode != "local":
        fcntl.flock = refuse if mode == "none" else lambda *_: None
    print("ready", flush=True)
    for line in sys.stdin:
        race(Path(line.strip()), num, is_local=mode == "local")


def race(folder: Path, num: int, *, is_local: bool) -> None:
    """Race for one folder."""
    if is_local:
        own = Path(os.environ["SCRATCH"], folder.name)
        own.touch()
        subprocess.run(["mount", "--bind", str(own), str(folder / "lock")], check=True)
    start, ends = os.pipe(), [os.pipe() for _ in range(num)]
    told = os.pipe()
    for number in range(num):
        if os.fork() == 0:
            os.close(start[1])
            os.read(start[0], 1)  # until all are forked
            compete(folder, told[1], ends[number][0])
    print("set", flush=True)
    sys.stdin.readline()
    os.close(start[1])
    outcomes = b""
    while len(outcomes) < num:
        outcomes += os.read(told[0], num)
    print(outcomes.decode(), flush=True)
    sys.stdin.readline()
    for _, write in ends:
        os.write(write, b"x")
    for _ in range(num):
        os.wait()
    for descriptor in (start[0], *told, *(each for end in ends for each in end)):
        os.close(descriptor)
    print("over", flush=True)


def compete(folder: Path, told: int, end: int) -> None:
    """Acquire the lock in a forked process, which then ends."""
    outcome = b"w"
    own = lock.FolderLock(folder / "lock")
    try:
        own.acquire()
    except EnvironmentProblem:
        outcome = b"r"
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is no refusal
        print(repr(error), file=sys.stderr, flush=True)
        outcome = b"e"
    os.write(told, outcome)
    os.read(end, 1)
    own.release()
    os._exit(0)


if __name__ == "__main__":
    main()
