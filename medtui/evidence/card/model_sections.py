"""The sections about the model: what it is, what it is for, and how it was measured."""

from collections.abc import Iterator, Mapping
from pathlib import PurePath

from medtui.analysis.run_record import reference_of
from medtui.analysis.table import Table
from medtui.datasets.card import Card
from medtui.evidence.card.documents import pointer
from medtui.evidence.card.facts import Facts, source
from medtui.evidence.card.parts import CardPart, CardSection, Sentence
from medtui.evidence.card.questions import statement
from medtui.evidence.card.rows import Rows, with_interval
from medtui.metrics import (
    Metric,
    class_metric,
    metric_named,
    primary_metric,
    reported_metrics,
)
from medtui.metrics.interval_method import describe_method
from medtui.metrics.threshold_rule import describe_decisions
from medtui.units import MISSING, SEALED, format_bytes, format_count, format_density

Answers = Mapping[str, str]


def details(facts: Facts, card: Card | None, answers: Answers) -> CardSection:
    """Return what the model is (Mitchell 4.1); `card` is that of the data set."""
    documents = facts.documents
    name, result = documents.run.name, documents.result_file
    preset, provenance = f"{name}/preset.toml", f"{name}/provenance.json"
    is_last_kept = documents.record.result.is_last_kept
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
    rows.add("multiply-accumulates of an image", result, "/size/macs", format_count)
    rows.add("images: channels, height, width", result, "/image_shape", _listed)
    rows.add("seed", result, "/seed")
    rows.add("cycles", result, "/num_cycles")
    rows.add("kept cycle, counted from 0", result, "/best_cycle")
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
            _preprocessing(facts, f"{name}/model.json"),
            _training(facts, preset, result),
            *_augmentation(facts, preset, card),
            Sentence(f"The kept cycle is {_CHOICES[is_last_kept]}."),
            statement("developers", answers),
            statement("licence", answers),
            statement("code_availability", answers),
        ),
    )


_CHOICES = {
    False: "the one that was best on val",
    True: "the last one; val did not choose it",
}

_PREPROCESSING = {
    "mode": "colours",
    "size": "side of the square input, pixels",
    "fit": "how an oblong image becomes square",
    "resize": "resized",
    "deep": "deeper than 8 bits",
    "mean": "mean that is subtracted",
    "std": "divisor",
}


def _preprocessing(facts: Facts, file: str) -> Table:
    """Return how an image becomes the network's input; empty for runs of earlier versions."""
    rows = Rows(facts)
    for key, label in _PREPROCESSING.items():
        show = _rounded if key in {"mean", "std"} else str
        rows.add(label, file, pointer("preprocessing", key), show)
    return rows.table("Preprocessing", "", "value")


_TRAINING = {
    "reference": ("epochs", "batch_size", "lr", "momentum", "weight_decay"),
    "lc": ("cycles", "steps", "batch_size", "lr", "lr_end", "mu_init", "mu_multiplier"),
    "guard": ("recalibrate_images", "finetune_epochs"),
}


def _training(facts: Facts, preset: str, result: str) -> Table:
    rows = Rows(facts)
    key = "/model/weights" if facts.raw(preset, "/model/weights") else "/model/init"
    rows.add("weights before training", preset, key, _initial)
    for section, keys in _TRAINING.items():
        for name in keys:
            rows.add(f"{section}.{name}", preset, pointer(section, name))
    for name in facts.raw(preset, "/data/augment") or {}:
        rows.add(f"data.augment.{name}", preset, pointer("data", "augment", name))
    rows.add("class weights in the loss", result, "/class_weight_rule")
    for name in facts.raw(result, "/class_weights") or {}:
        rows.add(f"weight of {name}", result, pointer("class_weights", name), "{:.4f}".format)
    note = "The preset in the run's folder repeats the run; it holds every other setting."
    return rows.table("Training", "setting", "value", note=note)


def _initial(path: str) -> str:
    """Return where a training starts from; the folder of a file is nobody's business."""
    return PurePath(path).name or "drawn at random"


def _augmentation(facts: Facts, preset: str, card: Card | None) -> Iterator[Sentence]:
    if card is not None and not facts.raw(preset, "/data/augment"):
        summary = card.augment.summary
        yield Sentence(f"Augmentation of the train split, by the data set's card: {summary}.")


def intended_use(answers: Answers) -> CardSection:
    """Return what the model is for (Mitchell 4.2)."""
    names = ("intended_use", "intended_users", "out_of_scope")
    return CardSection("Intended use", tuple(statement(name, answers) for name in names))


def factors(facts: Facts, answers: Answers) -> CardSection:
    """Return which groups are told apart (Mitchell 4.3)."""
    kinds = list(facts.raw(f"{facts.documents.run.name}/split.jsonl", "/test/groups") or {})
    groups = (
        f"Changes are given by group of patients ({', '.join(kinds)}) and by class"
        if kinds
        else "The data set names no groups of patients. Results are given by class"
    )
    classes = ", ".join(facts.raw(facts.documents.result_file, "/test/per_class") or {})
    sentence = Sentence(f"{groups}: {classes}.")
    return CardSection("Factors", (sentence, statement("factors", answers)))


def metrics(facts: Facts, answers: Answers) -> CardSection:
    """Return how the model was measured (Mitchell 4.4)."""
    documents, record = facts.documents, facts.documents.record.result
    result, rows = documents.result_file, Rows(facts)
    margin, judged = "/evaluate/margin", primary_metric(record.task)
    rows.add(
        f"loss of {judged.label} that is accepted", f"{documents.run.name}/preset.toml", margin,
        judged.show_amount,
    )  # fmt: skip
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
            f"Test is {SEALED} until a gate opens it. The numbers are of val, which was used for "
            "selection."
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


def _rounded(values: list[float]) -> str:
    return ", ".join(f"{each:.4f}" for each in values)
