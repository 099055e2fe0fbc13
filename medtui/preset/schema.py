"""Versions of the preset's format: the defaults that each of them gives to absent keys.

A preset keeps its meaning when a default changes: the default of the models is the newest schema's,
and `FORMER_DEFAULTS` holds the value that presets of earlier schemas get. To change a default that
changes a number, change the model's and add one row here.
"""

from collections.abc import Mapping
from typing import Any, Literal

SCHEMA_VERSION = 2
"""The newest schema; `medtui preset new` and the shipped presets name it."""

UNNAMED_SCHEMA: Literal[1] = 1
"""Schema of a preset that names none: the only one there was when it could be left out."""

FORMER_DEFAULTS: Mapping[str, Mapping[int, object]] = {
    "compress.control": {1: False},
    "compress.seeds": {1: (0,)},
    "evaluate.intervals": {1: "percentile"},
    "evaluate.none_class": {1: "independent"},
    "evaluate.thresholds": {1: "youden"},
    "evaluate.test_every": {1: None},
    "evaluate.w_every": {1: 1},
    "guard.batchnorm_pull": {1: "group"},
    "guard.finetune_epochs": {1: 0},
    "guard.finetune_network": {1: "whole"},
    "guard.floor_weights": {1: 0.0},
    "guard.recalibrate_images": {1: 2048},
    "guard.unreachable": {1: "keep"},
    "lc.keep": {1: "cycle"},
    "machine.polite": {1: False},
    "reference.keep": {1: "best"},
    "search.metric": {1: "accuracy"},
}
"""Dotted key to its default by the last schema that has it."""

OPTIONAL_SECTIONS = frozenset({"search", "slurm", "ray"})
"""Sections whose absence means something: no default adds them."""


def former_defaults(table: Mapping[str, Any]) -> dict[str, object]:
    """Return dotted key to default where a preset's schema has another than today's."""
    schema = table.get("schema", UNNAMED_SCHEMA)
    if not isinstance(schema, int):
        return {}
    return {
        key: defaults[last]
        for key, defaults in FORMER_DEFAULTS.items()
        if (last := min((each for each in defaults if schema <= each), default=None)) is not None
    }


def with_defaults_of_schema(table: dict[str, Any]) -> dict[str, Any]:
    """Return a preset's table with the defaults of its schema for absent keys.

    Tables that are not as they should be are left to the validation of the model.
    """
    filled = dict(table)
    for key, default in former_defaults(table).items():
        section, _, name = key.rpartition(".")
        if section in OPTIONAL_SECTIONS and section not in filled:
            continue
        values = filled.get(section, {})
        if isinstance(values, dict) and name not in values:
            filled[section] = {**values, name: default}
    return filled
