"""What compression changed for whom, as a tree of values: computed from two runs' predictions."""

from typing import Any

from medtui.analysis.run_record import RunRecord
from medtui.analysis.subgroup_analysis import Change, analyse_subgroups


def changes_tree(baseline: RunRecord | None, run: RunRecord) -> dict[str, Any]:
    """Return the changes on test of all images, of classes and of groups, with their verdicts.

    Empty where there is no baseline, or where test is sealed.

    Raises:
        MedtuiError: predictions are missing or damaged, or are not of the same images.
    """
    if baseline is None or run.result.is_sealed or baseline.result.is_sealed:
        return {}
    found = analyse_subgroups(baseline, run)
    return {
        "baseline": baseline.folder.name,
        "margin": found.margin,
        "num_effective": found.num_effective,
        "flips": {
            "num_changed": found.flips.num_changed,
            "num_answers": found.flips.num_answers,
            "num_lost": found.flips.num_lost,
            "num_gained": found.flips.num_gained,
        },
        "all": {
            **_change(found.overall),
            "verdict": found.verdict.text,
            "num_images": found.num_images,
            "num_patients": found.num_patients or None,
        },
        "classes": {
            each.name: {
                **_change(each.changes[0]),
                "verdict": each.verdict.text,
                "num_images": each.num_positives,
            }
            for each in found.classes
        },
        "groups": {
            f"{each.kind} {each.value}": {
                **_change(each.change),
                "verdict": each.verdict.text,
                "num_images": each.num_images,
                "num_patients": each.num_patients or None,
            }
            for each in found.subgroups
        },
    }


def _change(change: Change) -> dict[str, Any]:
    difference = change.difference
    has_interval = difference is not None and difference.has_interval
    return {
        "metric": change.metric.name,
        "before": change.before,
        "after": change.after,
        "change": difference.value if difference else None,
        "interval": [difference.low, difference.high] if difference and has_interval else None,
        "is_bound": difference is not None and difference.has_bound,
        "shortage": difference.shortage.text if difference and difference.shortage else None,
    }
