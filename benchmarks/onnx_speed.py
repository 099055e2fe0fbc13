"""Times ONNX files in onnxruntime on one thread, in turns, in CPU time.

`python -m benchmarks.onnx_speed DENSE.onnx OTHER.onnx ...` prints, for one image and for 32, the
median CPU milliseconds of a call, and how many times faster than the first file each one is, with
the lowest and the highest ratio of the rounds. A busy machine changes CPU time less than wall time.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import onnxruntime
from numpy.typing import NDArray

NUM_ROUNDS = 9
ROUND_MS = 80
"""CPU time of a file in a round, about."""
BATCH_SIZES = (1, 32)


def main(paths: list[Path]) -> None:
    """Print a table of the files."""
    sessions = [_session(path) for path in paths]
    print("| file | MiB | images | CPU ms | times faster [lowest, highest] |")
    print("| --- | --- | --- | --- | --- |")
    for size in BATCH_SIZES:
        for path, calls_ms, ratios in zip(paths, *_time(sessions, size), strict=True):
            mib = path.stat().st_size / 2**20
            spread = f"{median(ratios):.1f} [{min(ratios):.1f}, {max(ratios):.1f}]"
            print(f"| {path.name} | {mib:.2f} | {size} | {median(calls_ms):.2f} | {spread} |")


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _time(
    sessions: list[onnxruntime.InferenceSession], size: int
) -> tuple[list[list[float]], list[list[float]]]:
    """Return each file's milliseconds by round, and how many times faster than the first."""
    found: list[list[float]] = [[] for _ in sessions]
    counts = [max(1, round(ROUND_MS / _call_ms(each, size, 2))) for each in sessions]
    for number in range(NUM_ROUNDS):
        for row in _order(len(sessions), number):
            found[row].append(_call_ms(sessions[row], size, counts[row]))
    ratios = [[first / own for first, own in zip(found[0], each, strict=True)] for each in found]
    return found, ratios


def _order(count: int, number: int) -> Iterator[int]:
    """Yield the files forwards, and in every second round backwards."""
    yield from range(count) if number % 2 == 0 else reversed(range(count))


def _call_ms(session: onnxruntime.InferenceSession, size: int, count: int) -> float:
    """Return the CPU milliseconds of a call on random images."""
    entry = session.get_inputs()[0]
    images: NDArray[np.float32] = np.random.default_rng(0).standard_normal(
        (size, *entry.shape[1:]), np.float32
    )
    began = time.process_time()
    for _ in range(count):
        session.run(None, {entry.name: images})
    return (time.process_time() - began) / count * 1e3


if __name__ == "__main__":
    main([Path(each) for each in sys.argv[1:]])
