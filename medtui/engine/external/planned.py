"""Evaluates a run on the data sets of its preset's `[[external]]`, at its end, by its worker."""

import sys

from torch import nn

from medtui.datasets.digest import NEWEST_RULE
from medtui.datasets.site import HomeImages, find_overlap, home_of, open_site
from medtui.engine.external.measuring import (
    MeasuredModel,
    answers_of_network,
    measure_site,
    stored_result,
)
from medtui.engine.run.session import Session
from medtui.errors import MedtuiError
from medtui.preset.external import ExternalSite
from medtui.runs.external_look import log_look
from medtui.runs.model_record import ModelRecord
from medtui.runs.patient_groups import read_split
from medtui.runs.predictions import RunPredictions
from medtui.runs.run_names import names_probe
from medtui.storage import FileDigest


def evaluate_planned(
    session: Session,
    network: nn.Module,
    record: ModelRecord,
    predictions: RunPredictions,
    digest: FileDigest,
) -> list[str]:
    """Store results on all external data sets; return a sentence for each that has none.

    What an earlier session measured of the same weights, whose `digest` this is, stays. A search's
    low-fidelity runs, which are no results, are evaluated on none.
    """
    sites = session.preset.external
    if not sites or names_probe(session.folder.name):
        return []
    model = MeasuredModel(
        session.folder,
        answers_of_network(network, session.device, session.result_precision),
        record,
        session.preset,
        predictions,
        digest,
        session.device,
    )
    home = home_of(session.dataset)
    return [
        f"not evaluated on {site.name}: {problem}"
        for site in sites
        if (problem := _evaluate(session, model, site, home))
    ]


def _evaluate(session: Session, model: MeasuredModel, asked: ExternalSite, home: HomeImages) -> str:
    """Store the result on one data set; return why there is none, else empty."""
    rule = session.dataset.digest_rule or NEWEST_RULE
    try:
        site = open_site(
            asked, model.record, session.preset.data, rule,
            is_sealed=model.predictions.is_sealed,
        )  # fmt: skip
        stored = stored_result(model, site.digest)
        if stored is not None:
            log_look(model.run, stored, sys.argv)
        else:
            overlap = find_overlap(site, read_split(session.folder.split), home)
            measure_site(
                model, site, asked, overlap,
                is_planned=True, command=sys.argv, fence=session.log.fence,
            )  # fmt: skip
    except MedtuiError as error:
        return error.message
    return ""
