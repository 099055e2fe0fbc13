"""The items of TRIPOD+AI and CLAIM in short words, and where a card says something about each.

An item points to a section of the card, to a statement that a person makes, or to both; some belong
into a manuscript alone. The words are labels: the items themselves are in the publications.

Sources: Collins et al. 2024, BMJ 385:e078378 (TRIPOD+AI, 27 items); Tejani et al. 2024, Radiology:
Artificial Intelligence 6(4):e240300 (CLAIM 2024, 44 items).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from medtui.analysis.table import Table
from medtui.evidence.card.parts import NEEDS_INPUT, CardSection, Sentence

MANUSCRIPT = "in the manuscript"


@dataclass(frozen=True)
class Item:
    """One item of a checklist."""

    number: str
    topic: str
    section: str = ""
    """The card's section that has it; empty where none does."""
    questions: tuple[str, ...] = ()
    """Statements of a person that it needs."""


_DATA, _SHEET, _DETAILS = "Training and evaluation data", "Data sheet", "Model details"
_METRICS, _RESULTS = "Metrics", "Quantitative analyses"
_CHANGES, _CAVEATS = "What compression changed, for whom", "Caveats and recommendations"
_ETHICS, _USE, _FACTORS = "Ethical considerations", "Intended use", "Factors"
_DIGESTS, _LOOKS = "Digests", "Looks at test"

TRIPOD = (
    Item("1", "title"),
    Item("2", "abstract"),
    Item("3a", "healthcare context and rationale", _USE, ("intended_use",)),
    Item("3b", "target population, purpose, intended users", _USE, ("intended_users",)),
    Item("3c", "known health inequalities", _SHEET, ("data_representativeness",)),
    Item("4", "objectives", _USE, ("intended_use",)),
    Item("5a", "sources of data, representativeness", _SHEET, ("data_representativeness",)),
    Item("5b", "dates of the data", _SHEET, ("data_collection",)),
    Item("6a", "setting and centres", _SHEET, ("data_collection",)),
    Item("6b", "eligibility", _SHEET, ("data_eligibility",)),
    Item("6c", "treatments", _SHEET, ("data_eligibility",)),
    Item("7", "preparation and quality checks of data", _DATA),
    Item("8a", "outcome", _SHEET, ("data_labels",)),
    Item("8b", "assessors of the outcome", _SHEET, ("data_labels",)),
    Item("8c", "blinding of the assessment", _SHEET, ("data_labels",)),
    Item("9a", "choice of predictors: the image alone", _DETAILS),
    Item("9b", "definition of predictors: images", _SHEET, ("data_collection",)),
    Item("9c", "assessors of predictors: none"),
    Item("10", "sample size", _CAVEATS, ("sample_size",)),
    Item("11", "missing data", _DATA),
    Item("12a", "use of the data, partitions", _DATA),
    Item("12b", "handling of predictors", _DETAILS),
    Item("12c", "type of model and its building", _DETAILS),
    Item("12d", "heterogeneity across clusters", _CAVEATS, ("external_validation",)),
    Item("12e", "measures of performance", _METRICS, ("metrics_rationale",)),
    Item("12f", "updating of the model: compression", _CHANGES),
    Item("12g", "how predictions are computed", _DETAILS),
    Item("13", "class imbalance", _DATA),
    Item("14", "fairness", _CHANGES),
    Item("15", "output and thresholds", _METRICS),
    Item("16", "training against evaluation data", _DATA),
    Item("17", "ethical approval", _ETHICS, ("ethics_approval",)),
    Item("18a", "funding", _ETHICS, ("funding",)),
    Item("18b", "conflicts of interest", _ETHICS, ("conflicts",)),
    Item("18c", "protocol", _ETHICS, ("registration",)),
    Item("18d", "registration", _ETHICS, ("registration",)),
    Item("18e", "data sharing", _SHEET, ("data_distribution",)),
    Item("18f", "code sharing", _DIGESTS),
    Item("19", "patient and public involvement", _ETHICS, ("involvement",)),
    Item("20a", "flow of participants", _DATA),
    Item("20b", "characteristics of participants", _DATA),
    Item("20c", "comparison with the development data", _DATA),
    Item("21", "participants and events in each analysis", _DATA),
    Item("22", "specification of the model", _DIGESTS),
    Item("23a", "performance with intervals, by group", _RESULTS),
    Item("23b", "heterogeneity of performance", _CHANGES),
    Item("24", "results of updating: compression", _CHANGES),
    Item("25", "interpretation", _CAVEATS, ("recommendations",)),
    Item("26", "limitations", _CAVEATS, ("limitations",)),
    Item("27a", "poor or missing input", _CAVEATS, ("recommendations",)),
    Item("27b", "interaction and expertise of users", _USE, ("intended_users",)),
    Item("27c", "next steps", _CAVEATS, ("recommendations",)),
)

CLAIM = (
    Item("1", "title"),
    Item("2", "abstract"),
    Item("3", "background and clinical role", _USE, ("intended_use",)),
    Item("4", "objectives", _USE, ("intended_use",)),
    Item("5", "prospective or retrospective", _SHEET, ("data_collection",)),
    Item("6", "goal of the study", _USE, ("intended_use",)),
    Item("7", "data sources", _SHEET, ("data_collection",)),
    Item("8", "eligibility", _SHEET, ("data_eligibility",)),
    Item("9", "preprocessing", _DETAILS),
    Item("10", "selection of subsets", _DATA),
    Item("11", "de-identification", _SHEET, ("data_deidentification",)),
    Item("12", "missing data", _DATA),
    Item("13", "acquisition protocol", _SHEET, ("data_collection",)),
    Item("14", "reference standard", _SHEET, ("data_labels",)),
    Item("15", "rationale of the reference standard", _SHEET, ("data_labels",)),
    Item("16", "annotators", _SHEET, ("data_labels",)),
    Item("17", "annotation of the test set", _SHEET, ("data_labels",)),
    Item("18", "variability of annotation", _SHEET, ("data_labels",)),
    Item("19", "assignment to partitions", _DATA),
    Item("20", "disjointness of partitions", _DATA),
    Item("21", "size of the test set", _CAVEATS, ("sample_size",)),
    Item("22", "architecture", _DETAILS),
    Item("23", "software", _DETAILS),
    Item("24", "initial parameters", _DETAILS),
    Item("25", "training", _DETAILS),
    Item("26", "selection of the model", _DETAILS),
    Item("27", "ensembles: none", _DETAILS),
    Item("28", "metrics", _METRICS, ("metrics_rationale",)),
    Item("29", "uncertainty", _METRICS),
    Item("30", "robustness", _CAVEATS, ("limitations",)),
    Item("31", "explainability", _CAVEATS, ("limitations",)),
    Item("32", "internal testing", _RESULTS),
    Item("33", "external testing", _CAVEATS, ("external_validation",)),
    Item("34", "registration of trials", _ETHICS, ("registration",)),
    Item("35", "numbers included and excluded", _DATA),
    Item("36", "demographics by partition", _DATA),
    Item("37", "performance by partition and group", _RESULTS),
    Item("38", "accuracy with intervals", _RESULTS),
    Item("39", "failure analysis", _CHANGES, ("limitations",)),
    Item("40", "limitations", _CAVEATS, ("limitations",)),
    Item("41", "implications for practice", _CAVEATS, ("recommendations",)),
    Item("42", "full protocol", _ETHICS, ("registration",)),
    Item("43", "availability of software, model, data", _DIGESTS, ("data_distribution",)),
    Item("44", "funding", _ETHICS, ("funding",)),
)


def checklists(answers: Mapping[str, str]) -> CardSection:
    """Return both checklists, each item with the section that has it, and what is still open."""
    return CardSection(
        "Checklists",
        (
            Sentence(
                "Short labels; the items are in Collins et al. 2024, BMJ 385:e078378 "
                "(TRIPOD+AI), and Tejani et al. 2024, Radiology: Artificial Intelligence "
                "6(4):e240300 (CLAIM 2024)."
            ),
            _table("TRIPOD+AI", TRIPOD, answers),
            _table("CLAIM 2024", CLAIM, answers),
        ),
    )


def _table(title: str, items: tuple[Item, ...], answers: Mapping[str, str]) -> Table:
    rows = tuple(
        (each.number, each.topic, each.section or MANUSCRIPT, _state(each, answers))
        for each in items
    )
    return Table(title, ("item", "about", "section", "state"), rows, num_keys=4)


def _state(item: Item, answers: Mapping[str, str]) -> str:
    missing = [name for name in item.questions if not answers.get(name)]
    if missing:
        return f"{NEEDS_INPUT} {', '.join(missing)}"
    return "filled in" if item.section else ""
