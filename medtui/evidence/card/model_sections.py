"""The sections about the model: what it is, what it is for, and how it was measured."""

from collections.abc import Iterator, Mapping

from medtui.analysis.run_record import reference_of
from medtui.analysis.table import Table
from medtui.evidence.card.documents import pointer
from medtui.evidence.card.facts import Facts, source
from medtui.evidence.card.parts import CardPart, CardSection, Sentence
from medtui.evidence.card.questions import statement
from medtui.evidence.card.rows import Rows, with_interval
from medtui.metrics import Metric, class_metric, metric_named, reported_metrics
from medtui.metrics.interval_method import describe_method
from medtui.metrics.threshold_rule import describe_decisions
from medtui.runs.result import describe_choice
from medtui.units import MISSING, SEALED, format_bytes, format_count, format_density

Answers = Mapping[str, str]


def details(facts: Facts, answers: Answers) -> CardSection:
    """Return what the model is (Mitchell 4.1)."""
    documents = facts.documents
    name, result = documents.run.name, documents.result_file
    preset, provenance = f"{name}/preset.toml", f"{name}/provenance.json"
    rows = Rows(facts)
    rows.add("run", result, "/run")
    rows.add("study", result, "/study")
    rows.add("network", preset, "/model/architecture")
    rows.add("scheme", result, "/scheme")
    rows.add("density", result, "/density", format_density)
    rows.add("parameters", result, "/size/num_parameters", format_count)
    rows.add("parameters that are not zero", result, "/size/num_nonzero", format_count)
    rows.add("dense size", result, "/size/bytes_dense", format_bytes)
    rows.add("sparse size", result, "/size/bytes_packed", format_bytes)
    rows.add("multiply-adds of an image", result, "/size/macs", format_count)
    rows.add("images: channels, height, width", result, "/image_shape", _listed)
    rows.add("seed", result, "/seed")
    rows.add("kept cycle", result, "/best_cycle")
    rows.add("cycles", result, "/num_cycles")
    rows.add("epochs of fine-tuning", result, "/finetune_epochs")
    rows.add("computed on", result, "/device_name")
    rows.add("written at", provenance, "/written_at")
    rows.add("medtui", provenance, "/medtui")
    rows.add("commit", provenance, "/git")
    for package in facts.raw(provenance, "/packages") or {}:
        rows.add(package, provenance, pointer("packages", package))
    return CardSection(
        "Model details",
        (
            rows.table("Model", "", "value"),
            _training(facts, preset),
            Sentence(f"The cycle was {describe_choice(documents.record.result)}."),
            statement("developers", answers),
            statement("licence", answers),
        ),
    )


_TRAINING = {
    "data": ("seed",),
    "reference": ("epochs", "batch_size", "lr", "momentum", "weight_decay"),
    "lc": ("cycles", "steps", "batch_size", "lr", "lr_end", "mu_init", "mu_multiplier"),
    "guard": ("recalibrate_images", "finetune_epochs"),
}


def _training(facts: Facts, preset: str) -> Table:
    rows = Rows(facts)
    for section, keys in _TRAINING.items():
        for key in keys:
            rows.add(f"{section}.{key}", preset, pointer(section, key))
    for key in facts.raw(preset, "/augment") or {}:
        rows.add(f"augment.{key}", preset, pointer("augment", key))
    note = "The preset in the run's folder repeats the run; it holds every other setting."
    return rows.table("Training", "setting", "value", note=note)


def intended_use(answers: Answers) -> CardSection:
    """Return what the model is for (Mitchell 4.2)."""
    names = ("intended_use", "intended_users", "out_of_scope")
    return CardSection("Intended use", tuple(statement(name, answers) for name in names))


def factors(facts: Facts, answers: Answers) -> CardSection:
    """Return which groups are told apart (Mitchell 4.3)."""
    kinds = list(facts.raw(f"{facts.documents.run.name}/split.jsonl", "/test/groups") or {})
    groups = f"Results are given by {', '.join(kinds)}" if kinds else "The data name no groups"
    classes = ", ".join(facts.raw(facts.documents.result_file, "/test/per_class") or {})
    sentence = Sentence(f"{groups}, and by class: {classes}.")
    return CardSection("Factors", (sentence, statement("factors", answers)))


def metrics(facts: Facts, answers: Answers) -> CardSection:
    """Return how the model was measured (Mitchell 4.4)."""
    documents, record = facts.documents, facts.documents.record.result
    result, rows = documents.result_file, Rows(facts)
    rows.add("loss that is accepted", f"{documents.run.name}/preset.toml", "/evaluate/margin")
    rows.add("positive class", result, "/positive_class")
    for index, name in enumerate(facts.raw(result, "/test/per_class") or {}):
        rows.add(f"threshold of {name}", result, pointer("thresholds", index), "{:.4f}".format)
    decisions = (
        describe_decisions(record.threshold_rule, record.none_class)
        if record.task == "multi"
        else "Each image is answered with its most probable class."
    )
    over = "patients" if record.has_patients else "images, since patients are unknown"
    intervals = (
        f"Intervals are 95 % intervals over {over}, by {describe_method(record.interval_method)}"
    )
    return CardSection(
        "Metrics",
        (
            Sentence(f"{decisions} {intervals}; those of changes are paired jackknife intervals."),
            rows.table("Decisions", "", "value"),
            statement("metrics_rationale", answers),
        ),
    )


def results(facts: Facts) -> CardSection:
    """Return the metrics of the model and of what it is compared with (Mitchell 4.7)."""
    return CardSection("Quantitative analyses", tuple(_results(facts)))


def _results(facts: Facts) -> Iterator[CardPart]:
    documents = facts.documents
    record, files = documents.record.result, {documents.run.name: documents.result_file}
    for other in (documents.baseline, reference_of(documents.record, ())):
        if other is not None:
            opened = "opened/" if other.result.seal == "opened" else ""
            files.setdefault(other.folder.name, f"{other.folder.name}/{opened}result.json")
    if record.is_sealed:
        yield Sentence(
            f"Test is {SEALED}: `medtui gate` opens it by a plan. The numbers are of val, which "
            "was used for selection."
        )
    split = "val" if record.is_sealed else "test"
    shown = [each for each in reported_metrics(record.task) if each.name in _of(facts, split)]
    rows = [_metric_row(facts, metric, files, split) for metric in shown]
    yield Table(f"On {split}", (split, *files, "source"), tuple(rows))
    judging = class_metric(record.task)
    yield _classes(facts, judging, split)


def _of(facts: Facts, split: str) -> Mapping[str, object]:
    return facts.raw(facts.documents.result_file, f"/{split}/metrics") or {}


def _metric_row(
    facts: Facts, metric: Metric, files: Mapping[str, str], split: str
) -> tuple[str, ...]:
    value, interval = (
        pointer(split, "metrics", metric.name),
        pointer(split, "intervals", metric.name),
    )
    cells = [with_interval(facts, file, value, interval, metric.show) for file in files.values()]
    label = metric.label_for(facts.documents.record.result.positive)
    return (label, *cells, source("; ".join(files.values()), value, interval))


def _classes(facts: Facts, metric: Metric, split: str) -> Table:
    file, rows = facts.documents.result_file, []
    for name in facts.raw(file, f"/{split}/per_class") or {}:
        value = pointer(split, "per_class", name, metric.name)
        share = pointer(split, "per_class", name, "prevalence")
        interval = pointer(split, "class_intervals", name, metric.name)
        text = with_interval(facts, file, value, interval, metric.show)
        rows.append((name, facts.show(file, share, _share), text, source(file, share, value)))
    headers = ("class", "share of images", f"{metric.label} [95 %]", "source")
    return Table(f"Classes on {split}", headers, tuple(rows))


def _share(value: float) -> str:
    metric = metric_named("accuracy")
    return metric.show(value) if metric else MISSING


def _listed(values: list[int]) -> str:
    return ", ".join(map(str, values))
