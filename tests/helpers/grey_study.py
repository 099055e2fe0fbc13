"""A finished multi-label run on grey films, with its shrunk model, and exported in any form."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from medtui.datasets.dataset import open_dataset, save_split
from medtui.engine.export import int8
from medtui.engine.export.exporter import Exporter
from medtui.engine.export.loaded_run import LoadedRun, load_run
from medtui.preset import parse_preset
from medtui.protocol.export import ExportPlan
from medtui.runs.exports import Export, format_named
from medtui.runs.folder import RunFolder, StudyFolder
from tests.helpers.exportable_study import finish, half_empty, worn_network
from tests.helpers.site_study import PRESET, SIDE, draw_films, write_site

RUN = "filterprunegroup-0.5"


@dataclass(frozen=True)
class GreyRun:
    """A compressed run, the films that it was tested on, and its exported files."""

    run: RunFolder
    card: Path
    tested: NDArray[np.uint8]
    """(N, H, W), in the order of the stored predictions."""
    _exports: dict[str, Export] = field(default_factory=dict)

    def export(self, name: str) -> Export:
        """Export the run in a format, once."""
        if name not in self._exports:
            plan = ExportPlan([name], str(self.run.exports), max_drop=1.0, with_timing=False)
            with pytest.MonkeyPatch.context() as patched:
                # Compilation would take as long as all else.
                patched.setattr(int8, "can_compile", lambda: False)
                maker = Exporter(self._loaded, plan, lambda _: None)
                self._exports[name] = maker.make(format_named(name))
        return self._exports[name]

    @cached_property
    def _loaded(self) -> LoadedRun:
        return load_run(self.run, is_shrunk=False, num_images=0)


def write_grey_run(folder: Path) -> GreyRun:
    """Write the reference and a run with empty filters, as a worker ends them."""
    rng = np.random.default_rng(0)
    parts = {split: draw_films(rng, 24, split) for split in ("train", "val", "test")}
    card = write_site(folder / "home", "home", parts)
    text = PRESET.format(card=card).replace("shufflenet_v2_x0_5", "resnet18")
    text = text.replace('"Prune"', '"FilterPruneGroup"') + "\n[shrink]\nenabled = true\n"
    study = StudyFolder(folder / "runs" / "films")
    study.path.mkdir(parents=True)
    study.preset.write_text(text)
    dataset = open_dataset(parse_preset(text, "films").data)
    for name in ("reference", RUN):
        run, network = study.run(name), worn_network(channels=1, num_classes=3)
        run.path.mkdir()
        run.preset.write_text(text)
        save_split(dataset, run.split)
        if not run.is_reference:
            network = half_empty(network, (1, SIDE, SIDE))
        finish(run, network.eval(), dataset)
    return GreyRun(study.run(RUN), card, parts["test"]["images"])
