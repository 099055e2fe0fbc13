"""A run's results on other data sets, as lines of `runs show`."""

from medtui.analysis.site_records import describe_classes, describe_overlap
from medtui.cli.table import render_table
from medtui.control_characters import one_line
from medtui.metrics import primary_metric
from medtui.runs.external_record import read_externals, read_other_models
from medtui.runs.folder import RunFolder
from medtui.units import format_count


def describe_external(run: RunFolder) -> str:
    """Return a table of a run's results on other data sets, with what to know; empty without."""
    own, problems = read_externals(run)
    results = sorted([*own, *read_other_models(run)], key=lambda each: (each.site, each.digest))
    if not results:
        return "\n".join(problems)
    metric = primary_metric(results[0].task)
    headers = ("other data set", "model", metric.label, "images", "patients", "split", "digest")
    rows = [
        (
            each.site,
            each.model_name,
            metric.show_interval(
                metric.of(each.measured.metrics), each.measured.intervals.get(metric.name)
            ),
            format_count(each.measured.num_images),
            format_count(each.measured.num_patients) if each.measured.num_patients else "unknown",
            each.split,
            each.digest[:12],
        )
        for each in results
    ]
    lines = [
        f"{each.site}: {one_line(sentence)}"
        for each in own
        for sentence in (*describe_overlap(each), *describe_classes(each))
    ]
    return "\n".join([render_table(headers, rows, num_keys=2), *lines, *problems])
