"""The section about other data sets on which a run was evaluated, beside its own test."""

from collections.abc import Iterator

from medtui.analysis.table import Table
from medtui.evidence.card.documents import pointer
from medtui.evidence.card.facts import Facts, source
from medtui.evidence.card.parts import CardPart, CardSection, Sentence
from medtui.evidence.card.rows import with_interval
from medtui.metrics import reported_metrics
from medtui.runs.external_record import ExternalResult, folder_of, read_externals
from medtui.units import format_count


def sites(facts: Facts) -> CardSection:
    """Return what `medtui evaluate` measured on other data sets (CLAIM 33)."""
    return CardSection("Other data sets", tuple(_sites(facts)))


def _sites(facts: Facts) -> Iterator[CardPart]:
    found, problems = read_externals(facts.documents.run)
    for problem in problems:
        yield Sentence(problem)
    if not found:
        yield Sentence("The model was evaluated on no other data set.")
        return
    yield Sentence(
        "Preprocessing and thresholds are those of the run. The report of the study has the paired "
        "changes from control and reference there."
    )
    for result in found:
        yield _site(facts, result)
        yield from map(Sentence, _notes(result))


def _notes(result: ExternalResult) -> Iterator[str]:
    """Yield what a reader must know of a site besides its numbers."""
    if not result.has_patients:
        yield f"Patients of {result.site} are unknown: its intervals are over images."
    if result.overlap.unsearched:
        yield f"Copies of training images were not searched: {result.overlap.unsearched}."
    if result.left_out:
        counts = ", ".join(f"{name}: {count}" for name, count in result.left_out.items())
        yield f"Images of {result.site} that were left out: {counts}."
    if result.absent_classes:
        yield f"Classes that {result.site} lacks: {', '.join(result.absent_classes)}."


_COPIES = "/overlap/num_copies"

_COUNTS = {
    "/measured/num_images": "images",
    "/measured/num_patients": "patients",
    "/num_bad": "images that could not be read",
    "/overlap/num_patients": "patients of train or val among them",
    _COPIES: "copies of train or val images",
}


def _site(facts: Facts, result: ExternalResult) -> Table:
    """Return a site's counts and metrics, the metrics beside those of the run's own test."""
    documents = facts.documents
    path = folder_of(documents.run, result.digest).result
    file, home = path.relative_to(documents.run.study.path).as_posix(), documents.result_file
    unknown = {"/measured/num_patients", "/overlap/num_patients"} if not result.has_patients else ()
    rows = [
        (label, facts.show(file, key, format_count), "", source(file, key))
        for key, label in _COUNTS.items()
        if key not in unknown and not (key == _COPIES and result.overlap.unsearched)
    ]
    for metric in reported_metrics(result.task):
        if metric.name not in result.measured.metrics:
            continue
        value, interval = pointer("metrics", metric.name), pointer("intervals", metric.name)
        there, here = (
            with_interval(facts, name, at + value, at + interval, metric.show)
            for name, at in ((file, "/measured"), (home, "/test"))
        )
        label = metric.label_for(documents.record.result.positive)
        rows.append((label, there, here, source(file, f"/measured{value}")))
    title = f"{result.site}: {result.title or result.card}, split {result.split}"
    return Table(title, ("", result.site, "own test", "source"), tuple(rows))
