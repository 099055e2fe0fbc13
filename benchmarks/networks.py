"""Networks of torchvision from training to export, for `networks.md`.

Each is taken at the smallest of `SIDES` that it accepts, trained for one epoch on 200 drawn cells,
compressed, and compressed again by workers that are killed at their first checkpoint and resumed.
The models of both must be equal byte for byte. Then both are shrunk, where filters were removed,
and written as ONNX, which onnxruntime computes on the run's images. Checkpoints are written as
often as possible, since such runs are too short for the usual ones.

    python -m benchmarks.networks --folder build/networks
    python -m benchmarks.networks --folder build/networks resnet50 densenet121
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from medtui.engine.preflight import forecast
from medtui.engine.training.network import build_network, require_image_size
from medtui.errors import UsageError
from medtui.jobs.planning import plan_runs
from medtui.preset import parse_preset
from medtui.runs.checkpoint_files import checkpoint_numbers
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.result import Result, read_result
from medtui.units import format_count

NETWORKS = (
    "resnet18", "resnet50", "densenet121", "efficientnet_b0", "convnext_tiny",
    "mobilenet_v3_small", "regnet_y_400mf", "squeezenet1_1", "googlenet", "inception_v3", "swin_t",
    "vit_b_16",
)  # fmt: skip

SIDES = (32, 64, 96, 224)

SCHEMES = ("Prune", "FilterPruneGroup")

_PRESET = """
schema = 2
name = "{name}"
[data]
card = "cells"
size = {side}
limit = {limit}
[model]
architecture = "{architecture}"
[reference]
epochs = 1
batch_size = 20
[compress]
schemes = {schemes}
densities = [0.5]
control = false
[lc]
cycles = 3
steps = 3
batch_size = 20
keep = "cycle"
[guard]
finetune_epochs = 1
recalibrate_images = 100
[evaluate]
test_every = 100
[shrink]
enabled = true
[machine]
device = "cpu"
workers = 1
threads = 1
reference_threads = 1
"""

_EAGER_WORKER = """
import sys
import medtui.engine.run.checkpoint
medtui.engine.run.checkpoint.COST_SHARE = 1e9
from medtui.worker import main
sys.exit(main())
"""

_HERE = Path(__file__).resolve().parents[1]


class Failed(Exception):
    """Something did not work; the text is the program's own."""


@dataclass
class Outcome:
    """What became of a network."""

    architecture: str
    side: int = 0
    refused: dict[int, str] = field(default_factory=dict)
    """Side of the images to why it is not accepted."""
    num_parameters: int = 0
    impossible: dict[str, str] = field(default_factory=dict)
    """Scheme to why it cannot work on the network."""
    kept: dict[str, str] = field(default_factory=dict)
    """Scheme to what is left."""
    resumed: list[str] = field(default_factory=list)
    """Runs that were killed, resumed, and equal the undisturbed ones."""
    exported: dict[str, float] = field(default_factory=dict)
    """Exported file to the largest difference of its logits from the run's."""
    cpu_seconds: float = 0.0
    failure: str = ""


def smallest_side(architecture: str) -> tuple[int, dict[int, str]]:
    """Return the smallest side that a network accepts, 0 for none, and why others are refused."""
    refused = dict[int, str]()
    for side in SIDES:
        network = build_network(architecture, channels=3, num_classes=2, seed=0)
        try:
            require_image_size(network, architecture, (3, side, side))
        except UsageError as error:
            refused[side] = error.message
        else:
            return side, refused
    return 0, refused


def try_network(
    architecture: str, folder: Path, *, limit: int = 200, schemes: Sequence[str] = SCHEMES
) -> Outcome:
    """Take a network from training to export in a folder of its own."""
    began = _cpu_seconds()
    outcome = Outcome(architecture)
    outcome.side, outcome.refused = smallest_side(architecture)
    if outcome.side:
        try:
            _try_accepted(outcome, folder, limit, schemes)
        except (Failed, UsageError) as failure:
            outcome.failure = str(failure)
    outcome.cpu_seconds = _cpu_seconds() - began
    return outcome


def _try_accepted(outcome: Outcome, folder: Path, limit: int, schemes: Sequence[str]) -> None:
    folder.mkdir(parents=True)
    file = folder / "preset.toml"
    text = _PRESET.format(
        name="undisturbed", side=outcome.side, limit=limit, architecture=outcome.architecture,
        schemes=json.dumps(list(schemes)),
    )  # fmt: skip
    file.write_text(text, encoding="utf-8")
    found = forecast(parse_preset(text, str(file)), skips_impossible=True)
    outcome.impossible = {each.slug: each.reason for each in found.impossible}
    medtui(folder, "--run", str(file), "--quiet", "--skip-impossible")
    study = StudyFolder(folder / "undisturbed")
    outcome.num_parameters = _result_of(study.reference).size.num_parameters
    killed = _killed_twin(study, folder / "killed")
    medtui(folder, "resume", killed.path.name, "--quiet")
    for run in killed.runs():
        if run.is_reference:
            continue
        if run.model.read_bytes() != study.run(run.name).model.read_bytes():
            raise Failed(f"{run.name} was resumed to another model")
        outcome.resumed.append(run.name)
        result = _result_of(run)
        outcome.kept[result.scheme] = _describe(result)
        is_shrunk = result.shrinkage is not None and result.shrinkage.num_removable > 0
        for flags in ((), ("--shrink",)) if is_shrunk else ((),):
            words = ("export", f"killed/{run.name}", "--onnx", "--no-timing", "--json", *flags)
            written = json.loads(medtui(folder, *words))
            differences = [each["max_logit_difference"] for each in written["comparisons"]]
            outcome.exported[Path(written["path"]).name] = max(differences)


def _killed_twin(study: StudyFolder, path: Path) -> StudyFolder:
    """Return a study of the same reference whose compressions were killed at a checkpoint."""
    path.mkdir()
    shutil.copy(study.preset, path)
    shutil.copytree(study.reference.path, path / study.reference.name)
    twin = StudyFolder(path)
    preset = parse_preset(study.preset.read_text(encoding="utf-8"), study.preset.name)
    for run in plan_runs(twin, preset):
        if run.is_reference:
            continue
        with run.worker_log.open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-c", _EAGER_WORKER, str(run.path)],
                env=_environment(), stdout=log, stderr=log,
            )  # fmt: skip
        while not checkpoint_numbers(run.checkpoint):
            if worker.poll() is not None:
                raise Failed(f"{run.name} ended before its first checkpoint")
            time.sleep(0.02)
        worker.kill()
        worker.wait()
    return twin


def _result_of(run: RunFolder) -> Result:
    result = read_result(run)
    if result is None:
        raise Failed(f"{run.name} has no result")
    return result


def _describe(result: Result) -> str:
    size, shrinkage = result.size, result.shrinkage
    kept = f"{100 * size.num_compressible_nonzero / size.num_compressible:.0f} % of the weights"
    if shrinkage is None:
        return kept
    left = f"{format_count(shrinkage.size.num_parameters)} parameters when shrunk"
    difference = shrinkage.difference
    return f"{kept}, {left}" + (f", logits within {difference:.0e}" if difference else "")


def medtui(runs_dir: Path, *words: str) -> str:
    """Run the command line on a folder of runs; return its output.

    Raises:
        Failed: with its last message.
    """
    done = subprocess.run(
        [sys.executable, "-m", "medtui", "--runs-dir", str(runs_dir), *words],
        env=_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Failed(f"medtui {' '.join(words[:2])}: {done.stderr.strip()}")
    return done.stdout


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(_HERE), "OMP_WAIT_POLICY": "PASSIVE"}


def _cpu_seconds() -> float:
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(sum(resource.getrusage(each)[:2]) for each in both)


def row(outcome: Outcome) -> str:
    """Return a row of the table."""
    sides = "; ".join(outcome.refused.values())
    exported = [f"{name}: {difference:.0e}" for name, difference in outcome.exported.items()]
    cells = (
        f"`{outcome.architecture}`",
        f"{outcome.side} px" if outcome.side else "none",
        format_count(outcome.num_parameters),
        *(outcome.kept.get(scheme) or _reason(outcome, scheme) for scheme in SCHEMES),
        ", ".join(outcome.resumed),
        ", ".join(exported),
        f"{outcome.cpu_seconds:.0f}",
        outcome.failure or sides,
    )
    return f"| {' | '.join(cells)} |"


def _reason(outcome: Outcome, scheme: str) -> str:
    """Return why a scheme cannot work on a network."""
    reasons = (
        reason for slug, reason in outcome.impossible.items() if slug.startswith(scheme.lower())
    )
    return next(reasons, "")


def main() -> int:
    """Try the networks and print a table; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.networks")
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    parser.add_argument("--folder", type=Path, required=True, help="a folder for the runs")
    parser.add_argument("--limit", type=int, default=200, help="images of each split")
    arguments = parser.parse_args()
    titles = ("network", "images", "parameters", *SCHEMES, "resumed", "exported", "CPU s", "notes")
    print(f"| {' | '.join(titles)} |\n|{' --- |' * len(titles)}", flush=True)
    outcomes = []
    for architecture in arguments.networks:
        folder = arguments.folder.resolve() / architecture
        outcomes.append(try_network(architecture, folder, limit=arguments.limit))
        print(row(outcomes[-1]), flush=True)
    return int(any(each.failure for each in outcomes))


if __name__ == "__main__":
    sys.exit(main())
