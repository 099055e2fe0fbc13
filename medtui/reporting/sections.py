"""The report as sections in the order of reading, independent of the output format."""

from collections.abc import Iterator

from medtui.analysis.column_choice import usual_columns, with_positive_class
from medtui.analysis.columns import columns_named
from medtui.analysis.decision_notes import decision_note
from medtui.analysis.differences import (
    Differences,
    difference_text,
    from_control,
    from_reference,
)
from medtui.analysis.run_record import positive_of, task_of
from medtui.analysis.run_tables import classes_table, layers_table, short_name
from medtui.analysis.search_tables import describe_outcome, samples_table
from medtui.analysis.site_tables import matrix_warnings, site_tables
from medtui.analysis.subgroup_tables import (
    NUM_WORST,
    calibration_table,
    changed_answers_table,
    class_calibration_table,
    class_changes_table,
    largest_changes_table,
    patients_table,
    subgroups_table,
)
from medtui.analysis.table import Table
from medtui.charts.figures.registry import FIGURES, search_figure
from medtui.metrics import Metric, class_metric, metric_named
from medtui.reporting.card_section import card_parts
from medtui.reporting.contents import Contents
from medtui.reporting.convergence_table import convergence_table
from medtui.reporting.parts import Code, Gallery, Paragraph, Part, Section
from medtui.reporting.published import published_tables
from medtui.reporting.results_note import results_note
from medtui.reporting.seeds_table import seeds_table
from medtui.reporting.summary_text import metric_text, summary
from medtui.runs.bench_record import Bench
from medtui.units import (
    MISSING,
    SEALED,
    format_bytes,
    format_count,
    format_density,
    format_duration,
    format_number,
    format_percent,
)


def sections(contents: Contents) -> list[Section]:
    """Return the whole report."""
    found = [
        Section("Summary", (Paragraph(summary(contents)), *map(Paragraph, contents.problems))),
        Section("Results", tuple(_results(contents))),
        Section("Other data sets", tuple(_sites(contents))),
        Section("Searches", tuple(_searches(contents))),
        Section("Figures", tuple(each for each in FIGURES if each.is_drawn(contents.figure_data))),
        Section("Classes", tuple(_classes(contents))),
        Section("Subgroup analysis", tuple(_subgroups(contents))),
        Section("Benchmark", tuple(_bench(contents))),
        Section("Layers", (layers_table(contents.entries),)),
        Section("Data", tuple(_data(contents))),
        Section("Provenance", tuple(_provenance(contents))),
        Section("Preset", (Code(contents.preset),)),
        Section("Model card", tuple(card_parts(contents))),
        Section("Citation", tuple(_citations(contents))),
    ]
    return [section for section in found if section.parts]


def _classes(contents: Contents) -> Iterator[Part]:
    """Yield each class's metric in each run; of several labels an image also the accuracy."""
    task = task_of(contents.entries)
    metrics = [class_metric(task), *([metric_named("accuracy")] if task == "multi" else [])]
    for metric in filter(None, metrics):
        yield classes_table(contents.entries, metric)


def _results(contents: Contents) -> Iterator[Part]:
    yield _result_table(contents)
    if (over_seeds := seeds_table(contents)).rows:
        yield over_seeds
    if (convergence := convergence_table(contents)).rows:
        yield convergence
    yield from published_tables(contents)
    yield _metric_table(contents)


def _result_table(contents: Contents) -> Table:
    """Return the primary metric, its changes, sizes and durations, a row for each run."""
    metric = contents.headline
    rows, marks = [], []
    for entry in contents.entries:
        result, found = entry.result, contents.found.get(entry.key)
        main = from_control(found) if contents.has_controls else found
        changes = [_change(metric, main)]
        if contents.has_controls:
            changes.append(_change(metric, found and from_reference(found)))
        without = SEALED if result.is_sealed else MISSING
        changes = [without if each == MISSING else each for each in changes]
        changes.append(main.verdict(metric, entry.margin).text if main else without)
        rows.append((
            short_name(entry, contents.entries),
            metric_text(contents, entry),
            *changes,
            format_density(entry.density),
            f"{result.size.density:.4g}",
            format_number(result.size.density_reachable, 4),
            format_count(result.size.num_nonzero),
            format_bytes(result.size.bytes_packed),
            str(result.best_cycle),
            format_duration(result.seconds),
        ))  # fmt: skip
        marks.append("dead" if result.are_logits_constant else "")
    beside = ("from the reference [95 %]",) if contents.has_controls else ()
    headers = ("run", f"test {metric.label} [95 %]", "change [95 %]", *beside, "verdict", "density",
               "actual density", "reachable density", "nonzero", "sparse size", "cycle kept",
               "time")  # fmt: skip
    return Table("Results", headers, tuple(rows), tuple(marks), results_note(contents))


def _metric_table(contents: Contents) -> Table:
    """Return all metrics, a row for each run."""
    others = [column for column in usual_columns(contents.entries) if column.metric is not None]
    columns = [*columns_named("run"), *others, *columns_named("calibration_error val_accuracy")]
    columns = with_positive_class(columns, contents.entries)
    positive = positive_of(contents.entries)
    return Table(
        "All metrics",
        tuple(column.label_for(positive) for column in columns),
        tuple(tuple(column.text(entry) for column in columns) for entry in contents.entries),
        note=decision_note(contents.entries, (column.metric for column in columns)),
    )


def _change(metric: Metric, found: Differences | None) -> str:
    difference = found.by_metric.get(metric.name) if found else None
    return difference_text(metric, difference) or MISSING


def _searches(contents: Contents) -> Iterator[Part]:
    """Yield each search's outcome in a sentence, its samples and its figure."""
    for study, search in contents.named_searches:
        text = describe_outcome(search)
        yield Paragraph(f"{study}, {text}" if study else text)
        if search.samples:
            yield samples_table(search)
            figure = search_figure(study, search)
            if figure.is_drawn(contents.figure_data):
                yield figure


def _sites(contents: Contents) -> Iterator[Part]:
    """Yield the runs on other data sets, and what a reader of the numbers should know."""
    yield from site_tables(contents.sites)
    yield from map(Paragraph, matrix_warnings(contents.sites))


def _subgroups(contents: Contents) -> Iterator[Part]:
    if not contents.analyses:
        return
    yield changed_answers_table(contents.analyses)
    yield calibration_table(contents.analyses)
    for analysis in contents.analyses:
        yield class_changes_table(analysis)
        if analysis.subgroups:
            yield subgroups_table(analysis)
        if analysis.patients:
            yield patients_table(analysis, NUM_WORST)
        yield class_calibration_table(analysis)
        shown = any(moved.name in contents.pictures for moved in analysis.moved)
        yield Gallery(analysis) if shown else largest_changes_table(analysis)


def _bench(contents: Contents) -> Iterator[Part]:
    """Yield speed and size as measured, with the conditions of measurement."""
    measured: list[tuple[str, Bench]] = []
    for entry in contents.entries:
        name, bench = short_name(entry, contents.entries), entry.bench
        measured += [(name, bench)] if bench else []
        measured += [(f"{name}, shrunk", bench.shrunk)] if bench and bench.shrunk else []
    for precision in dict.fromkeys(
        each.precision for _, bench in measured for each in bench.contests
    ):
        rows = []
        for name, bench in measured:
            contest = bench.contest(precision)
            if contest is None:
                continue
            best = contest.best
            rows.append((
                name,
                f"{contest.latency.p50_ms:.3g}",
                f"{contest.latency.p95_ms:.3g}",
                contest.latency_ratio.text,
                f"{best.images_per_second.median:,.0f}",
                str(best.batch_size),
                contest.throughput_ratio.text,
                format_bytes(best.peak_memory_bytes),
                format_bytes(bench.bytes_on_disk),
            ))  # fmt: skip
        headers = ("run", "p50 ms", "p95 ms", "latency speed-up", "images/s", "at batch",
                   "throughput speed-up", "peak memory", "file")  # fmt: skip
        yield Table(f"In {precision}", headers, tuple(rows), note=_conditions(measured[0][1]))
    for note in dict.fromkeys(note for _, bench in measured for note in bench.notes):
        yield Paragraph(note)


def _conditions(bench: Bench) -> str:
    shape = " x ".join(map(str, bench.image_shape))
    return (
        f"On {bench.device_name} ({bench.device}), {bench.threads} CPU threads, "
        f"{bench.cpu_capability}, torch {bench.torch}, images of {shape}; interleaved with "
        "the reference in one process; ratios with quartiles over rounds."
    )


def _data(contents: Contents) -> Iterator[Part]:
    if contents.card is not None:
        lines = [contents.card.title, contents.card.source, contents.card.licence]
        yield Paragraph(". ".join(line.rstrip(".") for line in lines if line) + ".")
    first = contents.entries[0]
    loaded = contents.curves[first.key].data
    val, test = first.result.val, first.result.test
    train = format_count(loaded.num_train) if loaded else MISSING
    rows: list[tuple[str, ...]] = [
        ("images", train, *map(format_count, (val.num_images, test.num_images)))
    ]
    if first.result.has_patients:
        patients = (format_count(val.num_patients), format_count(test.num_patients))
        rows.append(("patients", MISSING, *patients))
    for name in test.per_class:
        shares = [
            format_percent(part.per_class.get(name, {}).get("prevalence")) for part in (val, test)
        ]
        shares[1] = SEALED if first.result.is_sealed else shares[1]
        rows.append((f"share of {name}", MISSING, *shares))
    note = (
        "No patient, as the data set names them, is in more than one split."
        if first.result.has_patients
        else "Patients are unknown, or are in several splits: results may be too optimistic."
    )
    if positive := first.result.positive:
        note += f" Sensitivity, specificity, F1 and average precision are for {positive}."
    yield Table("Split", ("", "train", "val", "test"), tuple(rows), note=note)
    if first.population:
        yield Paragraph(f"The preset limits the data: {first.population}.")
    for sentence in first.result.accepted.values():
        yield Paragraph(f"Accepted by the preset: {sentence}.")


def _provenance(contents: Contents) -> Iterator[Part]:
    found = contents.provenance
    if found is None:
        return
    facts = {
        "medtui": f"{found.medtui}{f', commit {found.git}' if found.git else ''}",
        "Python": found.python,
        "packages": ", ".join(f"{name} {number}" for name, number in found.packages.items()),
        "computed on": ", ".join(f"{name} {word}" for name, word in found.fingerprint.items()),
        "driver": found.driver or "",
        "seeds": ", ".join(f"{name} {seed}" for name, seed in found.seeds.items()),
        "data": found.data_digest,
        "command": " ".join(found.command),
    }
    rows = tuple((name, words) for name, words in facts.items() if words)
    yield Table("Provenance", ("first run", ""), rows, num_keys=2)


def _citations(contents: Contents) -> Iterator[Part]:
    if contents.card is not None and contents.card.citation:
        yield Paragraph(contents.card.citation)
    yield Paragraph(
        "Joseph V, Gopalakrishnan GL, Muralidharan S, Garland M, Garg A. A Programmable Approach "
        "to Neural Network Compression. IEEE Micro 40(5), 2020. arXiv 1911.02497."
    )
