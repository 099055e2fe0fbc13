"""What the numbers of a report's table of results are."""

from medtui.analysis.baselines import describe_missing_controls
from medtui.analysis.differences import MISSING_INTERVAL, bounds_of_runs
from medtui.analysis.power import describe_power_of_runs
from medtui.analysis.verdicts import describe_verdicts
from medtui.metrics.interval_method import describe_method
from medtui.reporting.contents import Contents


def results_note(contents: Contents) -> str:
    """Return the note below the table: intervals, baselines, densities and sizes."""
    methods = dict.fromkeys(each.result.interval_method for each in contents.entries)
    method = ", or by ".join(map(describe_method, methods))
    return (
        "Intervals are over patients where these are known, else over images: those of a change "
        f"by a paired jackknife, a run's own by {method}. "
        f"{MISSING_INTERVAL} "
        f"{_margins(contents)} "
        f"{_power(contents)}"
        f"{_baseline_words(contents)} Those of percentages are in points. "
        "The reachable density counts only weights that a pixel reaches at the size of the images. "
        "The sparse size counts nonzero weights and a bit mask, as an export with --packed writes "
        "them. Masked weights are stored and multiplied otherwise: a model is smaller when packed, "
        "and faster only when shrunk."
    )


def _margins(contents: Contents) -> str:
    """Return what the verdicts mean, against each margin of the studies."""
    margins = dict.fromkeys(each.margin for each in contents.entries)
    return " ".join(describe_verdicts(contents.headline, margin) for margin in margins)


def _power(contents: Contents) -> str:
    """Return the effective number of patients, the margins, and which intervals are missing."""
    power = describe_power_of_runs(contents.found, contents.headline)
    name = contents.headline.name
    reasons = {each.result.test.no_interval.get(name, "") for each in contents.entries}
    lacking = "; ".join(sorted(filter(None, reasons)))
    label = contents.headline.label
    sentences = (
        power,
        bounds_of_runs(contents.found, [contents.headline]),
        f"A run's own {label} has no interval: {lacking}." if lacking else "",
    )
    return "".join(f"{each} " for each in sentences if each)


def _baseline_words(contents: Contents) -> str:
    """Return what the runs are compared with, in sentences."""
    missing = describe_missing_controls(contents.entries)
    if not contents.has_controls:
        return f"Changes are paired, against the study's reference. {missing}".rstrip()
    return (
        "Changes are paired, against the study's control: the reference, continued by the steps, "
        "the fine-tuning and the recalibration of a compression without its operator. Changes "
        f"from the reference include that further training. {missing}"
    ).rstrip()
