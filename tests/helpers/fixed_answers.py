"""Fixed answers in place of the child processes that screens ask, for snapshots.

Their real answers depend on the machine: its devices, its speed, its image decoder.
"""

import random

import pytest

from medtui.jobs.available_devices import Devices
from medtui.preset import Cell, DataSettings, Preset, expand_grid
from medtui.protocol.dataset import DataReport, PreviewImage, RgbRows, SplitCount
from medtui.protocol.finding import Finding
from medtui.protocol.model_size import LayerSize
from medtui.protocol.preflight import CellForecast, Estimate, Preflight, StageTime

WEIGHTS = {"conv1": 9_408, "layer1.0.conv1": 36_864, "layer4.1.conv2": 2_359_296, "fc": 1_024}
"""Weights of the layers of a forecast."""

STRUCTURES = 64

SIDE = 12
"""Pixels of a preview's side."""


class FixedLook:
    """An inspection of a data set whose answer is known."""

    def __init__(self, _settings: DataSettings) -> None:
        pass

    def cancel(self) -> None:
        """Do nothing: the answer is there."""

    def wait(self) -> DataReport:
        """Return the counts of a small data set of two classes."""
        classes = ["Parasitized", "Uninfected"]
        splits = [
            SplitCount(name, 2 * each, patients, dict.fromkeys(classes, each))
            for name, each, patients in (("train", 420, 28), ("val", 90, 6), ("test", 90, 6))
        ]
        return DataReport(
            title="Recorded cells", classes=classes, size=32, channels=3, task="single",
            has_patients=True, splits=splits, positive_class="Uninfected",
            findings=[Finding("small", "note", "30 images are smaller than 32 x 32")],
            previews=[PreviewImage(label, _picture(seed)) for seed, label in enumerate(classes)],
        )  # fmt: skip


class FixedPreviews(FixedLook):
    """The same for previews before and after augmentation."""

    def wait(self) -> list[PreviewImage]:
        """Return one preview of each class."""
        return [
            PreviewImage(label, _picture(seed), _picture(seed + 2))
            for seed, label in enumerate(("Parasitized", "Uninfected"))
        ]


_ESTIMATE = Estimate(
    "cpu", 2, 95.0, 41.0, 260.0, 310_000_000,
    [StageTime("start", 15.0), StageTime("reference", 80.0)],
    [StageTime("start", 15.0), StageTime("compress", 20.0), StageTime("evaluate", 6.0)],
    side_by_side_factor=1.3, load=0.4, cores=2,
)  # fmt: skip


def forecast(preset: Preset, **_: object) -> Preflight:
    """Return what a preset would do, with figures that follow from its cells."""
    return Preflight(
        840, 180, 180, 40, ["Parasitized", "Uninfected"],
        [_cell(cell) for cell in expand_grid(preset)], 5.2,
        ["The penalty budget is 5.2."], estimate=_ESTIMATE,
    )  # fmt: skip


def answer_as_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace what asks a child process."""
    monkeypatch.setattr("medtui.jobs.measured_estimates.preflight", forecast)
    devices = Devices(("auto", "cpu"), "auto · cpu: no GPU found.")
    monkeypatch.setattr("medtui.tui.editor.compress_screen.list_devices", lambda: devices)
    monkeypatch.setattr("medtui.tui.editor.data_inspections.QuickInspection", FixedLook)
    monkeypatch.setattr("medtui.tui.editor.data_inspections.AugmentationPreview", FixedPreviews)


def _cell(cell: Cell) -> CellForecast:
    share = 1.0 if cell.density is None else cell.density
    layers = [
        LayerSize(name, "linear" if name == "fc" else "conv", count, int(count * share),
                  STRUCTURES, STRUCTURES, 100 * count)
        for name, count in WEIGHTS.items()
    ]  # fmt: skip
    total = sum(WEIGHTS.values())
    kept = sum(layer.num_nonzero for layer in layers)
    return CellForecast(cell.slug, cell.scheme.name, cell.density, total, kept, total, layers)


def _picture(seed: int) -> RgbRows:
    rng = random.Random(seed)
    red, green, blue = (rng.randrange(60, 200) for _ in range(3))
    return [
        [(red, (green + 10 * x) % 256, (blue + 10 * y) % 256) for x in range(SIDE)]
        for y in range(SIDE)
    ]
