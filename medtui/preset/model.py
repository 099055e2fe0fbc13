"""A preset's sections. One model validates the file and every form field on screen."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from medtui.preset.compressing import CompressSettings
from medtui.preset.computing import ComputeSettings
from medtui.preset.data_settings import DataSettings
from medtui.preset.document import Many
from medtui.preset.evaluating import EvaluateSettings
from medtui.preset.external import ExternalSite
from medtui.preset.former_names import FormerNames
from medtui.preset.guarding import GuardSettings
from medtui.preset.learning_compression import LcSettings
from medtui.preset.machine import MachineSettings, SlurmSettings
from medtui.preset.measuring import BenchSettings, ShrinkSettings
from medtui.preset.network import ModelSettings
from medtui.preset.publication import PublishedNumber
from medtui.preset.ray import RaySettings
from medtui.preset.schema import UNNAMED_SCHEMA, with_defaults_of_schema
from medtui.preset.searching import SearchSettings
from medtui.preset.seeds import SeedPair, can_pair, seed_pairs
from medtui.preset.toml import Document, Fault, check, fault
from medtui.preset.tracking import TrackSettings
from medtui.preset.training import ReferenceSettings
from medtui.suggest import did_you_mean


class Preset(Document):
    """One study: data, reference, grid, and how all is measured."""

    former_names: ClassVar[FormerNames] = FormerNames(
        keys={"reference.seed": "reference.seeds", "lc.fast_precision": "compute.precision"},
        # Condensa's own name of the operator.
        values={"compress.custom.*.operators.*.op": {"StructurePrune": "StructPrune"}},
    )

    schema_version: Literal[1, 2] = Field(default=UNNAMED_SCHEMA, alias="schema")
    """Version of this format, which decides about defaults; without it, schema 1 holds."""
    name: str = Field(min_length=1, max_length=80, examples=["malaria"])
    """The study's name; its folder is named after it."""
    note: str = ""
    """A note for readers."""
    data: DataSettings = Field(examples=[{"card": "demo"}])
    model: ModelSettings = ModelSettings()
    reference: ReferenceSettings = ReferenceSettings()
    compress: CompressSettings = CompressSettings()
    search: SearchSettings | None = None
    """Looks for densities once the grid is through; None looks for none."""
    compute: ComputeSettings = ComputeSettings()
    lc: LcSettings = LcSettings()
    guard: GuardSettings = GuardSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    machine: MachineSettings = MachineSettings()
    slurm: SlurmSettings | None = None
    """Jobs of a cluster, for `machine.scheduler = "slurm"`; None takes the cluster's defaults."""
    ray: RaySettings | None = None
    """What runs ask of a Ray cluster, for `machine.scheduler = "ray"`; None asks for a CPU, and
    for a GPU unless `machine.device` is `cpu`."""
    shrink: ShrinkSettings = ShrinkSettings()
    bench: BenchSettings = BenchSettings()
    track: TrackSettings = TrackSettings()
    external: Many[ExternalSite] = Field(default=())
    """Other data sets that every finished run is evaluated on, once, with all frozen: thresholds,
    preprocessing and classes are the run's own, and nothing is chosen by these numbers."""
    published: dict[str, PublishedNumber] = Field(default={})
    """Run's name in the study (`prune-0.1`) to its published numbers; changes no run."""

    @model_validator(mode="before")
    @classmethod
    def _absent_keys_follow_the_schema(cls, table: object) -> object:
        return with_defaults_of_schema(table) if isinstance(table, dict) else table

    @model_validator(mode="before")
    @classmethod
    def _search_needs_no_grid(cls, table: object) -> object:
        """Return the table without the default schemes if it has a search and names no schemes."""
        if isinstance(table, dict) and isinstance(table.get("search"), dict):
            compress = table.get("compress", {})
            if isinstance(compress, dict) and "schemes" not in compress:
                return {**table, "compress": {**compress, "schemes": []}}
        return table

    @property
    def is_fast(self) -> bool:
        """Whether every stage of the study is computed in fast mode."""
        return self.compute.mode == "fast"

    @property
    def is_fast_somewhere(self) -> bool:
        """Whether at least the L steps are computed in fast mode."""
        return self.is_fast or self.lc.mode == "fast"

    @check("compress.schemes", "compress.custom")
    def _something_is_asked_for(self) -> Iterator[Fault]:
        if not self.compress.schemes and self.search is None:
            known = ", ".join(self.compress.listed_schemes())
            yield fault("compress.schemes", f"empty; choose from {known}")

    @check("reference.seeds", "compress.seeds", "compress.combine")
    def _seeds_combine(self) -> Iterator[Fault]:
        references, seeds = self.reference.seeds, self.compress.seeds
        if self.compress.combine == "pairs" and not can_pair(references, seeds):
            yield fault(
                "compress.seeds",
                f"{len(seeds or ())} seeds cannot be paired with {len(references)} of "
                'reference.seeds; give one, or as many, or set combine = "product"',
            )

    @check("reference.seeds", "model.weights")
    def _given_weights_are_one_reference(self) -> Iterator[Fault]:
        if self.model.weights and len(self.reference.seeds) > 1:
            yield fault(
                "reference.seeds",
                "model.weights gives the one reference of the study; give one seed",
            )

    @check("reference.freeze_epochs", "model.init")
    def _frozen_weights_are_trained(self) -> Iterator[Fault]:
        if self.reference.freeze_epochs and not self.model.init:
            yield fault(
                "reference.freeze_epochs",
                "would freeze random weights; name the file of trained ones in model.init, or "
                "set 0",
            )

    @check("reference.seeds", "compress")
    def _omitted_cells_exist(self) -> Iterator[Fault]:
        omit = self.compress.omit
        names = [cell.slug for cell in self.compress.cells(self.seed_pairs)] if omit else []
        for position, name in enumerate(omit):
            if name not in names:
                sentence = f"`{name}` is no run of the grid. {did_you_mean(name, names)}"
                yield fault(("compress", "omit", position), sentence)
        if omit and len(omit) == len(names):
            yield fault("compress.omit", "leaves no run of the grid")

    @check(
        "machine.threads", "machine.reference_threads", "machine.scheduler", "slurm.cpus",
        "ray.num_cpus",
    )  # fmt: skip
    def _jobs_have_their_threads(self) -> Iterator[Fault]:
        if self.machine.scheduler == "local":
            return
        cpus = self.cpus_of_job
        name = "slurm.cpus" if self.machine.scheduler == "slurm" else "ray.num_cpus"
        for key in ("threads", "reference_threads"):
            if (threads := getattr(self.machine, key)) > cpus:
                yield fault(f"machine.{key}", f"{threads} threads, but a job has {name} = {cpus}")

    @property
    def jobs(self) -> SlurmSettings:
        """What the jobs of a Slurm cluster ask for."""
        return self.slurm or SlurmSettings()

    @property
    def ray_tasks(self) -> RaySettings:
        """What the tasks of a Ray cluster ask for."""
        return self.ray or RaySettings()

    @property
    def cpus_of_job(self) -> int:
        """CPU cores of a run that the scheduler of a cluster places."""
        return self.ray_tasks.num_cpus if self.machine.scheduler == "ray" else self.jobs.cpus

    @property
    def has_gpu_in_job(self) -> bool:
        """Whether runs that the scheduler of a cluster places ask for a GPU."""
        if self.machine.scheduler == "ray":
            return self.ray_tasks.gpus_of_run(self.machine) > 0
        return self.jobs.has_gpu

    @property
    def seed_pairs(self) -> list[SeedPair]:
        """The repetitions of the grid."""
        return seed_pairs(self.reference.seeds, self.compress.seeds, self.compress.combine)

    @check("search.scheme", "compress.custom", "compress.guard")
    def _searched_schemes_fit(self) -> Iterator[Fault]:
        names = self.search.scheme if self.search else ()
        yield from self.compress.faults_of(names, at=("search", "scheme"))
        known = self.compress.known_schemes()
        for position, name in enumerate(names):
            if name in known and not known[name].takes_density:
                sentence = f"`{name}` takes no density that could be searched"
                yield fault(("search", "scheme", position), sentence)

    @check(
        "guard.warmup_cycles", "search.probe_cycles", "search.method", "lc.cycles", "compress.guard"
    )
    def _probes_reach_the_density(self) -> Iterator[Fault]:
        search, warmup = self.search, self.guard.warmup_cycles
        if search is None or self.compress.guard == "off" or not search.has_probes(self.lc.cycles):
            return
        if search.probe_cycles <= warmup < self.lc.cycles:
            yield fault(
                "guard.warmup_cycles",
                f"{warmup} leaves none of a probe's {search.probe_cycles} cycles "
                "(search.probe_cycles) at the requested density",
            )

    @check("guard.warmup_cycles", "lc.cycles", "compress.guard")
    def _warmup_ends(self) -> Iterator[Fault]:
        if self.compress.guard == "on" and self.guard.warmup_cycles >= self.lc.cycles:
            yield fault(
                "guard.warmup_cycles",
                f"{self.guard.warmup_cycles} leaves none of the {self.lc.cycles} cycles at the "
                "requested density",
            )

    @check("guard.warmup_cycles", "compress", "search.scheme")
    def _flow_is_chosen_once(self) -> Iterator[Fault]:
        known = self.compress.known_schemes()
        names = (*self.compress.schemes, *(self.search.scheme if self.search else ()))
        named = [known[name] for name in names if name in known]
        by_flow = next((scheme.name for scheme in named if scheme.is_by_flow), None)
        if self.guard.warmup_cycles and by_flow:
            sentence = f'{by_flow} ranks by "synflow", which chooses once: no density comes down'
            yield fault("guard.warmup_cycles", sentence)

    @check("external")
    def _sites_have_names_of_their_own(self) -> Iterator[Fault]:
        names = [site.name for site in self.external]
        for position, name in enumerate(names):
            if name in names[:position]:
                yield fault(("external", position, "name"), f"`{name}` names two data sets")

    @field_validator("name")
    @classmethod
    def _name_is_one_line(cls, value: str) -> str:
        if not value.isprintable() or not any(letter.isalnum() for letter in value):
            raise ValueError(f"{value!r} must be one printable line with a letter or digit")
        return value
