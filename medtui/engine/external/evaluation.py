"""Evaluates finished runs of one or several studies on another data set, which is read once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import torch

from medtui.datasets.digest import NEWEST_RULE
from medtui.datasets.progress import Reporter, ignore_progress
from medtui.datasets.site import HomeImages, Site, find_overlap, home_images, open_site
from medtui.engine.external.measuring import (
    MeasuredModel,
    answers_of,
    answers_of_network,
    measure_site,
    stored_result,
)
from medtui.engine.inference.models import load_model
from medtui.engine.precision import EXACT
from medtui.engine.run.load_run import check_models, finished_result, load_network, preset_of
from medtui.engine.run.model_description import model_record_of
from medtui.engine.run.run_precision import precision_of_results, unmeasured_precision
from medtui.engine.training.network import require_finite
from medtui.errors import MedtuiError
from medtui.preset.external import ExternalSite
from medtui.protocol.external import SiteMeasured, SiteSkipped
from medtui.runs.data_digest import recorded_digest
from medtui.runs.external_look import log_look
from medtui.runs.external_record import TrainingOverlap
from medtui.runs.folder import RunFolder
from medtui.runs.model_choice import RUN
from medtui.runs.patient_groups import read_split
from medtui.runs.run_digests import predictions_of
from medtui.storage import UnreadableFile, digest_of_file


@dataclass
class Evaluation:
    """Evaluates runs on one data set; what runs have in common is read once."""

    asked: ExternalSite
    device: torch.device
    command: Sequence[str] = ()
    """The command line that asked for it, for the ledger."""
    report: Reporter = ignore_progress
    _sites: dict[bytes, Site] = field(default_factory=dict)
    """By what of a run decides how the data set is read."""
    _homes: dict[bytes, HomeImages] = field(default_factory=dict)

    def run_all(
        self, runs: Sequence[RunFolder], *, others: Sequence[RunFolder] = (), model: str = RUN
    ) -> Iterator[SiteMeasured | SiteSkipped]:
        """Yield each run whose result is stored, as it is; last, those that cannot be evaluated.

        `model` of the runs `others` is evaluated after the run's own: shrunk, a format or a path.

        Raises:
            MedtuiError: the data set cannot be read, or no run can be evaluated.
        """
        skipped: list[tuple[SiteSkipped, MedtuiError]] = []
        num_measured = 0
        for run in runs:
            own: MeasuredModel | None = None
            for name in (RUN, model) if model != RUN and run in others else (RUN,):
                try:
                    loaded = own = self._load(run, name, own)
                except MedtuiError as error:
                    skipped.append((SiteSkipped(str(run.path), error.message, name), error))
                    break
                num_measured += 1
                yield self._measured(loaded)
        if skipped and not num_measured:
            raise skipped[0][1]
        yield from (message for message, _ in skipped)

    def _load(self, run: RunFolder, name: str, own: MeasuredModel | None) -> MeasuredModel:
        if own is None:
            return load_measured(run, self.device, self.report)
        return load_other(own, name, self.report)

    def _measured(self, model: MeasuredModel) -> SiteMeasured:
        """Return a model's result on the data set, computed unless it is stored."""
        site, key = self._site(model)
        stored = stored_result(model, site.digest)
        if stored is None:
            overlap = self._overlap(model, site, key)
            measure_site(model, site, self.asked, overlap, is_planned=False, command=self.command)
        else:
            log_look(model.run, stored, self.command)
        return SiteMeasured(str(model.run.path), site.digest, stored is not None, model.name)

    def _site(self, model: MeasuredModel) -> tuple[Site, bytes]:
        key = msgspec.json.encode(
            [
                model.record.classes,
                model.record.task,
                model.record.preprocessing,
                model.preset.data.model_dump_json(),
                _rule_of(model.run),
                model.predictions.is_sealed,
            ]
        )
        if key not in self._sites:
            self._sites[key] = open_site(
                self.asked, model.record, model.preset.data, _rule_of(model.run), self.report,
                is_sealed=model.predictions.is_sealed,
            )  # fmt: skip
        return self._sites[key], key

    def _overlap(self, model: MeasuredModel, site: Site, key: bytes) -> TrainingOverlap:
        if key not in self._homes:
            self._homes[key] = home_images(
                model.preset.data, model.record.preprocessing, _rule_of(model.run), self.report
            )
        try:
            lines = read_split(model.run.split)
        except UnreadableFile:
            lines = []
        return find_overlap(site, lines, self._homes[key])


def load_measured(
    run: RunFolder, device: torch.device, report: Reporter = ignore_progress
) -> MeasuredModel:
    """Return a finished run's model as its final evaluation computed it.

    Raises:
        MedtuiError: the run is not finished, or its files are damaged.
    """
    result, preset = finished_result(run), preset_of(run)
    check_models(run, result)
    record = model_record_of(run, result, report)
    result = msgspec.structs.replace(result, image_shape=record.preprocessing.image_shape)
    network = load_network(run, preset, result)
    require_finite(network, run.model)
    predictions = predictions_of(run)
    if predictions.thresholds != record.thresholds:
        raise MedtuiError(
            f"The thresholds in {run.model_record} are not those of {run.predictions}.",
            hint="Check the run: medtui runs verify.",
        )
    training = (
        unmeasured_precision(preset, device, is_compression=not run.is_trained)
        if preset.is_fast
        else EXACT
    )
    precision = precision_of_results(device, training)
    answer = answers_of_network(network, device, precision)
    digest = digest_of_file(run.model)
    return MeasuredModel(run, answer, record, preset, predictions, digest, device)


def load_other(own: MeasuredModel, name: str, report: Reporter = ignore_progress) -> MeasuredModel:
    """Return another model of a run, which answers by the run's thresholds and preprocessing.

    Raises:
        MedtuiError: the run has no such model, or it cannot be read.
    """
    loaded = load_model(own.run, name, own.device, report)
    answer = answers_of(loaded.compute)
    return replace(own, answer=answer, digest=loaded.digest, device=loaded.device, name=loaded.name)


def _rule_of(run: RunFolder) -> int:
    recorded = recorded_digest(run)
    return recorded.data_digest_rule if recorded else NEWEST_RULE
