"""Presets: their models, the grid of runs, and their files. Imports no torch."""

from medtui.preset.cell import Cell
from medtui.preset.cell_title import title_of_cell
from medtui.preset.compressing import CompressSettings
from medtui.preset.computing import ComputeSettings
from medtui.preset.data_settings import DataSettings
from medtui.preset.evaluating import EvaluateSettings
from medtui.preset.file import anchor_paths, dump_preset, load_preset, parse_preset, preset_schema
from medtui.preset.finetuning import finetune_epochs, finetuned_as, is_automatic
from medtui.preset.grid import (
    cell_named,
    controls_of,
    count_runs,
    describe_compressions,
    describe_count,
    describe_searches,
    expand_grid,
    grid_cells,
    omit_runs,
    preset_for,
    preset_for_reference,
    scratch_cells,
    test_every,
    tunes_last,
)
from medtui.preset.guarding import GuardSettings
from medtui.preset.learning_compression import LcSettings
from medtui.preset.machine import MachineSettings, SchedulerName, SlurmSettings
from medtui.preset.measuring import BenchSettings, ShrinkSettings
from medtui.preset.model import Preset
from medtui.preset.network import ModelSettings
from medtui.preset.precision import FastPrecision, precision_from_environment
from medtui.preset.publication import PublishedNumber
from medtui.preset.ray import RaySettings
from medtui.preset.schemes import (
    BlockPrune,
    FilterPrune,
    NeuronPrune,
    Operator,
    Prune,
    Pruning,
    Quantize,
    Scheme,
    StructPrune,
    StructuredPruning,
    named_schemes,
)
from medtui.preset.searching import SearchSettings
from medtui.preset.seeds import SeedPair
from medtui.preset.tracking import TRACKERS, TrackerRow, TrackSettings
from medtui.preset.training import ReferenceSettings

__all__ = [
    "TRACKERS",
    "BenchSettings",
    "BlockPrune",
    "Cell",
    "CompressSettings",
    "ComputeSettings",
    "DataSettings",
    "EvaluateSettings",
    "FastPrecision",
    "FilterPrune",
    "GuardSettings",
    "LcSettings",
    "MachineSettings",
    "ModelSettings",
    "NeuronPrune",
    "Operator",
    "Preset",
    "Prune",
    "Pruning",
    "PublishedNumber",
    "Quantize",
    "RaySettings",
    "ReferenceSettings",
    "SchedulerName",
    "Scheme",
    "SearchSettings",
    "SeedPair",
    "ShrinkSettings",
    "SlurmSettings",
    "StructPrune",
    "StructuredPruning",
    "TrackSettings",
    "TrackerRow",
    "anchor_paths",
    "cell_named",
    "controls_of",
    "count_runs",
    "describe_compressions",
    "describe_count",
    "describe_searches",
    "dump_preset",
    "expand_grid",
    "finetune_epochs",
    "finetuned_as",
    "grid_cells",
    "is_automatic",
    "load_preset",
    "named_schemes",
    "omit_runs",
    "parse_preset",
    "precision_from_environment",
    "preset_for",
    "preset_for_reference",
    "preset_schema",
    "scratch_cells",
    "test_every",
    "title_of_cell",
    "tunes_last",
]
