"""Makes Home's rows of what the reading thread follows."""

from dataclasses import dataclass

from medtui.analysis.search_tables import describe_outcome
from medtui.events import Metrics
from medtui.metrics import primary_metric
from medtui.monitor.catalogue import RunFeed, StudyFeed
from medtui.monitor.rows import RunRow, StudyRow
from medtui.preset import Cell, SearchSettings
from medtui.runs.status import Status
from medtui.units import format_density


@dataclass
class RowMaker:
    """Makes rows of one study."""

    study: StudyFeed

    def make(self) -> StudyRow:
        """Give the study as it is now."""
        study = self.study
        reference = val_of(study.reference) if study.reference else {}
        return StudyRow(
            name=study.folder.name,
            about=self._about(),
            note=self._note(),
            status=_status_of(study),
            num_failed=study.count("failed", "lost"),
            num_finished=study.count("finished"),
            num_planned=study.num_planned,
            runs=tuple(self.row_of(run, reference) for run in study.runs),
            started_at=study.started_at,
            is_live=study.is_live,
            problem=study.problem,
            searches={
                search.scheme: describe_outcome(search)
                for search in (study.search.searches if study.search else ())
            },
        )

    def row_of(self, run: RunFeed, reference: Metrics) -> RunRow:
        """Give one run as it is now; `reference` is the dense model's val metrics, if known."""
        result, kept = run.result, val_of(run)
        headline = primary_metric(run.task or self.study.task)
        val = headline.of(kept)
        dense = None if run.folder.is_reference else headline.of(reference)
        progress = run.progress
        return RunRow(
            study=run.folder.study.name,
            name=run.folder.name,
            title=self.title_of(run),
            status=run.status,
            progress=progress,
            headline=headline,
            val=val,
            test=headline.of(result.test.metrics) if result else None,
            difference=None if val is None or dense is None else val - dense,
            density=result.size.density if result else run.best.density if run.best else None,
            bytes_packed=result.size.bytes_packed if result else None,
            device=run.history.session.device if run.history.session else "",
            seconds=result.seconds if result else _worked_seconds(run),
            seconds_left=progress.seconds_left if run.is_live else None,
            warning=_warning_of(run),
        )

    def title_of(self, run: RunFeed) -> str:
        """Give a run's name as people say it."""
        cell, preset = self.cell_of(run), self.study.preset
        if cell is None:
            return run.folder.name
        parts = [cell.scheme.name]
        if cell.density is not None:
            parts.append(format_density(cell.density))
        if preset is not None and len(preset.compress.seeds) > 1:
            parts.append(f"seed {cell.seed}")
        if cell.is_probe:
            parts.append("probe")
        return " ".join(parts)

    def cell_of(self, run: RunFeed) -> Cell | None:
        """Give what a run compresses with; None for the reference."""
        return self.study.cell_of(run)

    def _about(self) -> str:
        preset = self.study.preset
        if preset is None:
            return ""
        facts = [preset.data.card, preset.model.architecture]
        if schemes := ", ".join(preset.compress.schemes):
            densities = ", ".join(map(format_density, preset.compress.densities))
            omitted = f" less {len(preset.compress.omit)}" if preset.compress.omit else ""
            facts.append(f"{schemes} × {densities}{omitted}")
        if preset.search is not None:
            facts.append(f"search of {', '.join(self._sought(preset.search))}")
        return " · ".join([*facts, f"{preset.lc.cycles} cycles"])

    def _sought(self, settings: SearchSettings) -> list[str]:
        """Give the searched schemes, each with the density that was found for it so far."""
        record = self.study.search
        found = {each.scheme: each.best for each in record.searches} if record else {}
        return [
            f"{scheme} {best.density:.3g}" if (best := found.get(scheme)) else scheme
            for scheme in settings.scheme
        ]

    def _note(self) -> str:
        try:
            return self.study.folder.note.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return self.study.preset.note if self.study.preset else ""


def _status_of(study: StudyFeed) -> Status:
    """Give the one word for a study's runs together."""
    if study.is_live or study.count("running"):
        return "running"
    if study.count("failed"):
        return "failed"
    if study.count("lost"):
        return "lost"
    if study.runs and study.count("finished") == study.num_planned:
        return "finished"
    return "stopped" if study.count("stopped", "finished") else "queued"


def val_of(run: RunFeed) -> Metrics:
    """Give what a run came to on val, or its best so far; a model that was loaded has no epochs."""
    if run.result is not None:
        return run.result.val.metrics
    best = run.history.best_of("finetune") or run.best
    return best.val if best else {}


def _worked_seconds(run: RunFeed) -> float | None:
    cycles = [cycle for stage in run.history.cycles.values() for cycle in stage.values()]
    return sum(cycle.seconds for cycle in cycles) if cycles else None


def _warning_of(run: RunFeed) -> str:
    history = run.history
    if run.problem:
        return run.problem
    if history.dead_layers:
        count = len(history.dead_layers)
        return f"{count} layer{'s are' if count > 1 else ' is'} empty"
    return "answers the same for every image" if history.are_logits_constant else ""
