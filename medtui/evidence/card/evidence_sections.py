"""The sections that a reviewer asks for: changes, looks at test, caveats, digests."""

from collections.abc import Iterator, Mapping

from medtui.analysis.bounds import bound_meaning
from medtui.analysis.non_inferiority import describe_direction
from medtui.analysis.table import Table
from medtui.evidence.card.digests import Digests
from medtui.evidence.card.documents import pointer
from medtui.evidence.card.facts import Facts, source
from medtui.evidence.card.parts import CardPart, CardSection, Sentence
from medtui.evidence.card.questions import statement
from medtui.evidence.card.rows import Rows, interval_text
from medtui.evidence.gate_record import read_gates
from medtui.metrics import Metric, metric_named
from medtui.metrics.shortage import unit_of
from medtui.runs.folder import StudyFolder
from medtui.runs.result import Seal
from medtui.sharing.marker import SENTENCE, is_pseudonymised
from medtui.units import MISSING, SEALED, format_count, plural

Answers = Mapping[str, str]


def changes(facts: Facts) -> CardSection:
    """Return what compression changed for whom."""
    return CardSection("What compression changed, for whom", tuple(_changes(facts)))


def _changes(facts: Facts) -> Iterator[CardPart]:
    documents = facts.documents
    if documents.baseline is None:
        yield Sentence("The run is a baseline itself: nothing was compressed.")
        return
    if documents.record.result.is_sealed:
        yield Sentence(f"Test is {SEALED}, so no change on it is known.")
        return
    file, baseline = documents.changes_file, documents.baseline.folder.name
    if facts.raw(file, "/all") is None:
        yield Sentence(f"The run cannot be compared with {baseline}: predictions are missing.")
        return
    yield Sentence(
        f"Changes of {documents.run.name} against {baseline} on test, computed from the "
        "predictions of both. Verdicts of classes and groups are judged together by Holm's method."
    )
    if documents.baseline.folder.is_reference:
        yield Sentence("Without a control, these changes include those by further training.")
    places = [("all images", "/all")]
    for kind, label in (("classes", "class "), ("groups", "")):
        places += [(f"{label}{name}", pointer(kind, name))
                   for name in facts.raw(file, pointer(kind)) or {}]  # fmt: skip
    rows = [_change_row(facts, file, label, at) for label, at in places]
    headers = ("", "metric", baseline, documents.run.name, "change [95 %]", "images", "patients",
               "verdict", "source")  # fmt: skip
    bounds = {label: at for label, at in places if facts.raw(file, f"{at}/is_bound")}
    yield Table("Changes", headers, tuple(rows), note=_bounds(facts, file, bounds))
    flips = Rows(facts)
    for key, label in (("num_answers", "answers"), ("num_changed", "changed"),
                       ("num_lost", "right before, wrong now"),
                       ("num_gained", "wrong before, right now")):  # fmt: skip
        flips.add(label, file, pointer("flips", key), format_count)
    yield flips.table("Changed answers", "", "count")


def _bounds(facts: Facts, file: str, places: Mapping[str, str]) -> str:
    """Return what the intervals of these rows are, whose changes have no spread; or nothing."""
    if not places:
        return ""
    unit = unit_of(has_patients=bool(facts.raw(file, "/all/num_patients")))
    changes = [float(facts.raw(file, f"{at}/change")) for at in places.values()]
    return f"{', '.join(places)}: {bound_meaning(changes, unit)}."


def _change_row(facts: Facts, file: str, label: str, at: str) -> tuple[str, ...]:
    metric = metric_named(str(facts.raw(file, f"{at}/metric")))
    assert metric is not None, "the tree names metrics of the registry alone"
    change = facts.show(file, f"{at}/change", metric.show_change)
    if facts.has(file, f"{at}/interval"):
        ends = facts.show(
            file, f"{at}/interval", lambda both: interval_text(both, metric.show_change)
        )
        change = f"{change} {ends}"
    return (
        label,
        metric.label,
        facts.show(file, f"{at}/before", metric.show),
        facts.show(file, f"{at}/after", metric.show),
        change,
        facts.show(file, f"{at}/num_images", format_count),
        facts.show(file, f"{at}/num_patients", format_count),
        facts.show(file, f"{at}/verdict"),
        source(file, at),
    )


_SEALS: Mapping[Seal, str] = {
    "none": "Test was open: runs evaluated it while they were trained, for the record alone, and "
    "lists, screens and reports show it. It chose no cycle and no threshold.",
    "sealed": f"Test is {SEALED}: it was neither evaluated nor shown.",
    "opened": "Test was sealed, neither evaluated nor shown, until a gate opened it.",
}


def looks(facts: Facts, digests: Digests) -> CardSection:
    """Return who looked at test: the ledger's head, and what gates decided."""
    return CardSection("Looks at test", tuple(_looks(facts, digests)))


def _looks(facts: Facts, digests: Digests) -> Iterator[CardPart]:
    documents = facts.documents
    head = digests.ledger
    yield Sentence(_SEALS[documents.record.result.seal])
    if not head.num_lines:
        yield Sentence(
            "The study has no ledger: no gate judged its runs, and none was evaluated on other "
            "data."
        )
    else:
        yield Sentence(
            f"The study's ledger has {plural(head.num_lines, 'line')}; the digest of the last one "
            f"is {head.hash}. A ledger that was shortened or changed since does not agree with it."
        )
        rows = Rows(facts)
        for index in range(head.num_lines):
            cells = [(pointer(index, key), str) for key in ("time", "verb", "run", "outcome")]
            rows.add_cells(str(index + 1), "ledger.jsonl", cells)
        yield rows.table("Ledger", "line", "time", "verb", "run", "outcome")
    for path, _ in read_gates(documents.run):
        yield from _gate(facts, path.relative_to(documents.run.study.path).as_posix())


def _gate(facts: Facts, file: str) -> Iterator[CardPart]:
    rows, metrics = [], list[Metric]()
    for index in range(len(facts.raw(file, "/claims") or [])):
        at = pointer("claims", index)
        metric = metric_named(str(facts.raw(file, f"{at}/metric")))
        assert metric is not None, "plans name metrics of the registry alone"
        metrics.append(metric)
        change = facts.show(file, f"{at}/change", metric.show_change)
        if facts.has(file, f"{at}/low"):
            low = facts.show(file, f"{at}/low", metric.show_change)
            high = facts.show(file, f"{at}/high", metric.show_change)
            change = f"{change} [{low}, {high}]"
        rows.append((
            facts.show(file, f"{at}/about"), metric.label, change,
            facts.show(file, f"{at}/margin", metric.show_amount),
            facts.show(file, f"{at}/num_patients", format_count),
            facts.show(file, f"{at}/state"), source(file, at),
        ))  # fmt: skip
    plan, decision, look = (facts.show(file, f"/{key}") for key in ("plan", "decision", "look"))
    headers = ("claim", "metric", "change [95 %]", "margin", "patients", "state", "source")
    direction = describe_direction(metrics)
    note = " ".join(filter(None, [direction, str(facts.raw(file, "/multiplicity"))]))
    yield Table(
        f"Gate by the plan {plan}, look {look}: {decision}", headers, tuple(rows), note=note
    )


def considerations(answers: Answers) -> CardSection:
    """Return the ethical considerations (Mitchell 4.8)."""
    names = ("ethics", "ethics_approval", "funding", "conflicts", "registration", "involvement")
    return CardSection("Ethical considerations", tuple(statement(name, answers) for name in names))


def caveats(facts: Facts, answers: Answers) -> CardSection:
    """Return what has to be known before the model is used (Mitchell 4.9)."""
    file = facts.documents.result_file
    found = [
        Sentence(f"Warning: {facts.show(file, pointer('warnings', index))}")
        for index in range(len(facts.raw(file, "/warnings") or []))
    ]
    names = ("limitations", "sample_size", "external_validation", "recommendations")
    asked = tuple(statement(name, answers) for name in names)
    return CardSection("Caveats and recommendations", (*found, *asked))


def digest_section(digests: Digests, study: StudyFolder) -> CardSection:
    """Return the digests of weights, data and code; a shared copy under pseudonyms says so."""
    rows = [(name, digest, MISSING) for name, digest in digests.files.items()]
    rows.append(("data (images, labels, splits)", digests.data or MISSING, "provenance.json"))
    rows.append((f"code of medtui {digests.version}", digests.code, MISSING))
    table = Table("SHA-256", ("what", "digest", "recorded in"), tuple(rows))
    check = Sentence("To check these and every number of this card: medtui card --verify FILE")
    notes = (Sentence(SENTENCE),) if is_pseudonymised(study) else ()
    return CardSection("Digests", (*notes, table, check))
