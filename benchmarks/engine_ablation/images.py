"""The images of the ablation in three forms: original PNGs, resized PNGs, and arrays."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.engine_ablation.report import AblationPlan
from medtui.datasets.dataset import SplitData, open_dataset
from medtui.errors import UsageError
from medtui.preset import DataSettings

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Files:
    """Two folder trees split/class/name.png; the images have the same names in the same order."""

    original: Path
    resized: Path


def write_images(plan: AblationPlan, folder: Path) -> Files:
    """Fill `folder` with links to the plan's images and with resized copies.

    Raises:
        UsageError: there are too few images.
    """
    source = Path(plan.images).expanduser() if plan.images else _draw_demo(folder / "demo")
    files = Files(folder / "original", folder / "resized")
    for kind, paths in sorted(_classes(source).items()):
        for split, chosen in _choose(kind, paths, plan).items():
            for tree in (files.original, files.resized):
                (tree / split / kind).mkdir(parents=True)
            for path in chosen:
                (files.original / split / kind / path.name).symlink_to(path.resolve())
                with Image.open(path) as image:
                    small = image.convert("RGB").resize(
                        (plan.size, plan.size), Image.Resampling.BILINEAR
                    )
                small.save(files.resized / split / kind / path.name)
    return files


def read_part(files: Files, split: str) -> SplitData:
    """Return the resized images of a split, in ImageFolder's order."""
    folders = sorted((files.resized / split).iterdir())
    paths = [(path, label) for label, each in enumerate(folders) for path in sorted(each.iterdir())]
    pixels = np.stack([np.asarray(Image.open(path)) for path, _ in paths])
    names = [path.name for path, _ in paths]
    return SplitData(pixels, np.array([label for _, label in paths]), names, names)


def _classes(source: Path) -> dict[str, list[Path]]:
    if not source.is_dir():
        raise UsageError(
            f"{source} is not a folder.", hint="--images needs a folder with two class folders."
        )
    found = {each.name: sorted(each.glob("*.png")) for each in source.iterdir() if each.is_dir()}
    found = {name: paths for name, paths in found.items() if paths}
    if len(found) != 2:
        raise UsageError(f"{source} has {len(found)} class folders with PNGs; two are needed.")
    return found


def _choose(kind: str, paths: list[Path], plan: AblationPlan) -> dict[str, list[Path]]:
    """Return evenly spaced images of a class for each split."""
    counts = [plan.num_train // 2, plan.num_measured // 2, plan.num_measured // 2]
    if len(paths) < sum(counts):
        raise UsageError(
            f"{kind} has {len(paths)} images; {sum(counts)} are needed.",
            hint="Lower the number, for example --set num_train=128.",
        )
    rows = np.linspace(0, len(paths) - 1, sum(counts)).astype(int)
    ends = np.cumsum(counts)[:-1]
    return {
        split: [paths[row] for row in part]
        for split, part in zip(SPLITS, np.split(rows, ends), strict=True)
    }


def _draw_demo(folder: Path) -> Path:
    """Write the demo data set's images as PNGs."""
    dataset = open_dataset(DataSettings(card="demo"))
    for split in SPLITS:
        part: SplitData = getattr(dataset, split)
        for pixels, label, name in zip(part.images_NHWC, part.labels, part.names, strict=True):
            path = folder / dataset.classes[int(label)] / f"{split}-{Path(name).stem}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    return folder
