"""The section on runs that a Ray cluster places."""

from pydantic import Field

from medtui.preset.document import Document
from medtui.preset.machine import MachineSettings


class RaySettings(Document):
    """What a run asks of a Ray cluster, where `machine.scheduler` is `ray`."""

    address: str = Field(default="auto", min_length=1)
    """Address of the cluster's head, such as `10.0.0.5:6379`; `auto` finds the one of which this
    machine is a node, or that `RAY_ADDRESS` names. A study is started on a node of its cluster."""
    num_cpus: int = Field(default=1, ge=1, le=1024)
    """CPUs that Ray reserves for each run, and its threads where `machine.threads` is 0."""
    num_gpus: float | None = Field(default=None, ge=0, le=1)
    """GPUs that Ray reserves for each run; None is 1 / `machine.runs_per_gpu`, or none where
    `machine.device` is `cpu`."""
    resources: dict[str, float] = Field(default={}, examples=[{"scratch": 1}])
    """Amounts of resources that nodes were given a name for (`ray start --resources`)."""
    labels: dict[str, str] = Field(default={}, examples=[{"ray.io/accelerator-type": "H200"}])
    """Labels that a node must have. Results' bits depend on the kind of processor and GPU."""
    max_restarts: int = Field(default=3, ge=0, le=1000)
    """How often a run is continued on another node when its node is lost."""

    def gpus_of_run(self, machine: MachineSettings) -> float:
        """Return the share of a GPU that a run gets."""
        if machine.device == "cpu":
            return 0.0
        return 1 / machine.runs_per_gpu if self.num_gpus is None else self.num_gpus
