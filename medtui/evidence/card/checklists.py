"""The items of TRIPOD+AI and CLAIM in short words, and where a card says something about each.

An item points to a section of the card, to statements that a person makes, or to both. Those that
no file and no statement answers belong into a manuscript. The words are labels: the items
themselves are in the publications. Numbers and topics were compared with them item by item.

Sources: Collins et al. 2024, BMJ 385:e078378, table 2 (TRIPOD+AI, 27 items, 52 with their parts);
Tejani et al. 2024, Radiology: Artificial Intelligence 6(4):e240300 (CLAIM 2024, 44 items).
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
_METRICS, _RESULTS, _SITES = "Metrics", "Quantitative analyses", "Other data sets"
_CHANGES, _CAVEATS = "What compression changed, for whom", "Caveats and recommendations"
_ETHICS, _USE, _FACTORS = "Ethical considerations", "Intended use", "Factors"
_DIGESTS = "Digests"

TRIPOD = (
    Item("1", "title"),
    Item("2", "abstract"),
    Item("3a", "healthcare context, rationale, other models", _USE, ("intended_use",)),
    Item("3b", "target population, purpose, users", _USE, ("intended_use", "intended_users")),
    Item("3c", "known health inequalities", _FACTORS, ("factors",)),
    Item("4", "objectives"),
    Item("5a", "data sources, representativeness", _SHEET,
         ("data_collection", "data_representativeness")),
    Item("5b", "dates of the data", _SHEET, ("data_collection",)),
    Item("6a", "setting and centres", _SHEET, ("data_collection",)),
    Item("6b", "eligibility", _SHEET, ("data_eligibility",)),
    Item("6c", "treatments"),
    Item("7", "preparation and quality checks of data", _DATA),
    Item("8a", "outcome and its assessment", _SHEET, ("data_labels",)),
    Item("8b", "assessors of the outcome", _SHEET, ("data_labels",)),
    Item("8c", "blinding of the outcome", _SHEET, ("data_labels",)),
    Item("9a", "choice of predictors: the image alone", _DETAILS),
    Item("9b", "definition and measurement of predictors", _SHEET, ("data_collection",)),
    Item("9c", "assessors of predictors"),
    Item("10", "sample size", _CAVEATS, ("sample_size",)),
    Item("11", "missing data", _DATA),
    Item("12a", "use and partition of the data", _DATA),
    Item("12b", "handling of predictors", _DETAILS),
    Item("12c", "type of model, building, validation", _DETAILS),
    Item("12d", "heterogeneity across clusters", _SITES, ("external_validation",)),
    Item("12e", "measures of performance", _METRICS, ("metrics_rationale",)),
    Item("12f", "updating of the model after evaluation"),
    Item("12g", "how predictions are calculated", _DETAILS),
    Item("13", "class imbalance", _DETAILS),
    Item("14", "approaches to fairness", _ETHICS, ("ethics",)),
    Item("15", "output, classification, thresholds", _METRICS, ("metrics_rationale",)),
    Item("16", "differences of training and evaluation data", _DATA),
    Item("17", "ethical approval, consent", _ETHICS, ("ethics_approval",)),
    Item("18a", "funding", _ETHICS, ("funding",)),
    Item("18b", "conflicts of interest", _ETHICS, ("conflicts",)),
    Item("18c", "protocol", _ETHICS, ("registration",)),
    Item("18d", "registration", _ETHICS, ("registration",)),
    Item("18e", "data sharing", _SHEET, ("data_distribution",)),
    Item("18f", "code sharing", _DETAILS, ("code_availability",)),
    Item("19", "patient and public involvement", _ETHICS, ("involvement",)),
    Item("20a", "flow of participants", _DATA),
    Item("20b", "characteristics of participants", _DATA),
    Item("20c", "comparison with the development data", _DATA),
    Item("21", "participants and events in each analysis", _DATA),
    Item("22", "specification of the model, access to it", _DIGESTS, ("licence",)),
    Item("23a", "performance with intervals, subgroups", _RESULTS),
    Item("23b", "heterogeneity of performance", _SITES, ("external_validation",)),
    Item("24", "results of updating"),
    Item("25", "interpretation"),
    Item("26", "limitations", _CAVEATS, ("limitations",)),
    Item("27a", "poor or missing input", _CAVEATS, ("recommendations",)),
    Item("27b", "interaction and expertise of users", _USE, ("intended_users",)),
    Item("27c", "next steps of research"),
)  # fmt: skip

CLAIM = (
    Item("1", "title: category of the technology"),
    Item("2", "abstract"),
    Item("3", "background, intended use and role", _USE, ("intended_use",)),
    Item("4", "aims, objectives, hypotheses"),
    Item("5", "prospective or retrospective", _SHEET, ("data_collection",)),
    Item("6", "goal of the study"),
    Item("7", "data sources", _SHEET, ("data_collection",)),
    Item("8", "inclusion and exclusion criteria", _SHEET, ("data_eligibility",)),
    Item("9", "preprocessing", _DETAILS),
    Item("10", "selection of data subsets", _DATA),
    Item("11", "de-identification", _SHEET, ("data_deidentification",)),
    Item("12", "missing data", _DATA),
    Item("13", "acquisition protocol", _SHEET, ("data_collection",)),
    Item("14", "reference standard", _SHEET, ("data_labels",)),
    Item("15", "rationale of the reference standard", _SHEET, ("data_labels",)),
    Item("16", "source of the annotations", _SHEET, ("data_labels",)),
    Item("17", "annotation of the test set", _SHEET, ("data_labels",)),
    Item("18", "variability between and within annotators", _SHEET, ("data_labels",)),
    Item("19", "assignment to partitions", _DATA),
    Item("20", "level at which partitions are disjoint", _DATA),
    Item("21", "intended sample size", _CAVEATS, ("sample_size",)),
    Item("22", "description of the model", _DETAILS),
    Item("23", "software", _DETAILS),
    Item("24", "initial parameters", _DETAILS),
    Item("25", "training", _DETAILS),
    Item("26", "selection of the final model", _DETAILS),
    Item("27", "ensembles: a single network", _DETAILS),
    Item("28", "metrics", _METRICS, ("metrics_rationale",)),
    Item("29", "significance and uncertainty", _METRICS),
    Item("30", "robustness or sensitivity"),
    Item("31", "explainability"),
    Item("32", "evaluation on internal data", _RESULTS),
    Item("33", "testing on external data", _SITES, ("external_validation",)),
    Item("34", "registration of clinical trials", _ETHICS, ("registration",)),
    Item("35", "numbers included and excluded", _DATA),
    Item("36", "characteristics by partition", _DATA),
    Item("37", "performance with its uncertainty", _RESULTS),
    Item("38", "diagnostic performance with its precision", _RESULTS),
    Item("39", "failure analysis", _CHANGES, ("limitations",)),
    Item("40", "limitations", _CAVEATS, ("limitations",)),
    Item("41", "implications for practice", _CAVEATS, ("recommendations",)),
    Item("42", "protocol or technical details", _ETHICS, ("registration",)),
    Item("43", "availability of software, model, data", _DETAILS,
         ("code_availability", "data_distribution")),
    Item("44", "funding, role of funders", _ETHICS, ("funding",)),
)  # fmt: skip


def checklists(answers: Mapping[str, str]) -> CardSection:
    """Return both checklists, each item with the section that has it, and what is still open."""
    return CardSection(
        "Checklists",
        (
            Sentence(
                "Where this card says something about an item; whether an item is fulfilled is for "
                "its authors to judge. Labels are short: the items are in Collins et al. 2024, BMJ "
                "385:e078378 (TRIPOD+AI), and Tejani et al. 2024, Radiology: Artificial "
                "Intelligence 6(4):e240300 (CLAIM 2024)."
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
    return Table(title, ("item", "about", "section", "from"), rows, num_keys=4)


def _state(item: Item, answers: Mapping[str, str]) -> str:
    missing = [name for name in item.questions if not answers.get(name)]
    if missing:
        return f"{NEEDS_INPUT} {', '.join(missing)}"
    if not item.section:
        return ""
    return "answers" if item.questions else "files"
