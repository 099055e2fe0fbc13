"""The classes of a run: metrics, thresholds, loss weights and operating points."""

from medtui.cli.table import render_table
from medtui.metrics import class_metric, reported_metrics
from medtui.metrics.class_calibration import classes_by_reason
from medtui.runs.result import Result, SplitResult
from medtui.units import SEALED, format_number, format_percent, format_with_interval


def describe_classes(result: Result) -> str:
    """Return the one-vs-rest metrics of each class on test, its threshold and loss weight.

    The metric that classes are judged by has its interval; `--json` has those of all.
    """
    of_classes, thresholds = result.test.per_class, result.thresholds
    measured = next(iter(of_classes.values()), {})
    shown = [metric for metric in reported_metrics() if metric.name in measured]
    judging = class_metric(result.task)
    labels = [
        f"{metric.label} [95 %]" if metric is judging and result.test.class_intervals
        else metric.label
        for metric in shown
    ]  # fmt: skip
    headers = ["class, on test", "prevalence", *labels]
    rows = [
        [
            name,
            SEALED if result.is_sealed else format_percent(metrics.get("prevalence")),
            *(
                metric.show_interval(metric.of(metrics), intervals.get(metric.name))
                if metric is judging
                else metric.show(metric.of(metrics))
                for metric in shown
            ),
        ]
        for name, metrics in of_classes.items()
        for intervals in [result.test.class_intervals.get(name, {})]
    ]
    if thresholds:
        headers.append("threshold")
        rows = [[*row, f"{limit:.3f}"] for row, limit in zip(rows, thresholds, strict=True)]
    if result.class_weights:
        headers.append("loss weight")
        rows = [[*row, format_number(result.class_weights.get(row[0]), 3)] for row in rows]
    return render_table(headers, rows)


def describe_operating_points(test: SplitResult) -> str:
    """Return each class's specificity where the sensitivity is fixed on val; empty without."""
    if not test.at_sensitivity:
        return ""
    on_val = next(iter(test.at_sensitivity.values())).on_val
    headers = (
        f"class, at a sensitivity of at least {on_val:g} on val",
        "test specificity", "test sensitivity", "threshold",
    )  # fmt: skip
    rows = [
        [name, format_percent(at.specificity), format_percent(at.sensitivity),
         f"{at.threshold:.3f}"]
        for name, at in test.at_sensitivity.items()
    ]  # fmt: skip
    return render_table(headers, rows)


def describe_calibration(test: SplitResult) -> str:
    """Return each class's slope and intercept, and its reliability curve; empty without."""
    if not test.calibration:
        return ""
    headers = ("calibration, on test", "slope [95 %]", "intercept [95 %]")
    rows = [
        [
            name,
            format_with_interval(found.slope, found.slope_interval),
            format_with_interval(found.intercept, found.intercept_interval),
        ]
        for name, found in test.calibration.items()
    ]
    return f"{render_table(headers, rows)}\n\n{_curves(test)}"


def _curves(test: SplitResult) -> str:
    """Return the groups of each class: predicted, observed with Wilson's interval, images."""
    headers = ("class", "predicted", "observed [95 %, Wilson]", "images")
    rows = [
        [
            name,
            f"{each.predicted:.3f}",
            format_with_interval(each.observed, (each.low, each.high)),
            f"{each.num_images:,}",
        ]
        for name, found in test.calibration.items()
        for each in found.bins
    ]
    return render_table(headers, rows)


def describe_missing_intervals(result: Result) -> str:
    """Return the metrics of test without an interval, each with the reason; empty if all have."""
    labels = {metric.name: metric.label for metric in reported_metrics()}
    judging = class_metric(result.task)
    by_reason: dict[str, list[str]] = {}
    for name, reason in result.test.no_interval.items():
        by_reason.setdefault(reason, []).append(labels.get(name, name))
    for name, reasons in result.test.no_class_interval.items():
        if judging.name in reasons:
            by_reason.setdefault(reasons[judging.name], []).append(f"{judging.label} of {name}")
    for reason, classes in classes_by_reason(result.test.calibration).items():
        by_reason.setdefault(reason, []).append(f"slope and intercept of {', '.join(classes)}")
    return "\n".join(
        f"no interval on test of {', '.join(names)}: {reason}"
        for reason, names in by_reason.items()
    )
