"""What a prediction costs beside decoding and computing alone: `python -m benchmarks.prediction`.

    python -m benchmarks.prediction RUN FOLDER [--rounds 3] [--broken 200]

Both arms run in this process, one after the other in each round, with the same network and threads:

- `predict`: `medtui.load(RUN).predict(FOLDER)`: names, checks, decoder processes with their start,
  logits, answers, distances to the training images;
- `alone`: each file decoded by one call, and the network applied to the pixels.

CPU seconds of this process and its children are compared: other programs change them less than
elapsed ones. With `--broken`, as many damaged and foreign files lie among the images of the first
arm; each must be listed.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import torch

import medtui
from medtui.datasets.decoding.image import decode_file
from medtui.datasets.files.unlabelled import find_files
from medtui.datasets.foreign import decode_settings_of
from medtui.inference import Model
from medtui.inference.model import Predictions


def cpu_seconds(call: Callable[[], object]) -> float:
    """Return the CPU seconds that a call takes here and in the processes that it starts."""
    before = os.times()
    call()
    after = os.times()
    return sum(after[:4]) - sum(before[:4])


def decode_and_compute(model: Model, files: list[str]) -> None:
    """Decode every file and compute its logits, and nothing else."""
    predictor = model._predictor  # noqa: SLF001 - the same network without what is measured
    settings = decode_settings_of(model.record.preprocessing)
    pixels_NHWC = np.stack([decode_file(Path(file), settings).pixels_HWC for file in files])
    predictor.outputs(pixels_NHWC)


def with_broken(folder: Path, count: int, target: Path) -> set[str]:
    """Link all images into `target`, with damaged and foreign files; return these files' names."""
    from tests.helpers.broken_images import write_broken

    for each in find_files([folder]):
        if not each.problem:
            (target / Path(each.name).name).symlink_to(Path(each.name).resolve())
    return {str(path) for path in write_broken(target, count)}


def main() -> None:
    """Measure, and print each round and the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--broken", type=int, default=200)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model = medtui.load(asked.run, device="cpu", threads=1)
    with TemporaryDirectory() as place:
        broken = with_broken(asked.folder, asked.broken, Path(place))
        files = [each.name for each in find_files([place]) if each.name not in broken]
        ratios = []
        for number in range(asked.rounds):
            found: list[Predictions] = []
            ours = cpu_seconds(lambda: found.append(model.predict(place)))  # noqa: B023 - called here
            alone = cpu_seconds(lambda: decode_and_compute(model, files))
            assert set(found[0].problems) == broken, "a broken file is not listed, or a good one is"
            ratios.append(ours / alone)
            print(
                f"round {number + 1}: {len(files):,} images; predict {ours:.1f} s, "
                f"alone {alone:.1f} s of CPU, ratio {ratios[-1]:.2f}",
                flush=True,
            )
        print(
            f"{len(broken)} broken and foreign files listed; ratio {median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f})"
        )


if __name__ == "__main__":
    main()
