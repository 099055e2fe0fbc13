"""Checks of Python and of the libraries that medtui needs, and for one that interferes."""

import platform
import sys
from importlib import metadata

import msgspec

from medtui.child_process import ChildProcess
from medtui.comet import access
from medtui.doctor.finding import Finding
from medtui.errors import MedtuiError
from medtui.protocol.environment import TorchEnvironment, decoder
from medtui.telemetry import Probe
from medtui.tracking.reach import is_reachable

FACTS_SECONDS = 120.0
"""Time limit: importing torch takes seconds, from a cold network disk a minute."""

OLDEST_PYTHON = (3, 10)

CONDENSA = "0.5.0b0"
"""The version whose loop the engine reimplements."""


def read_torch_facts() -> TorchEnvironment:
    """Return what a child process finds about torch; its failure becomes the `problem`."""
    error_prefix = "torch could not be imported"
    try:
        with ChildProcess(
            "medtui.engine.environment_probe", decoder, error_prefix=error_prefix
        ) as process:
            return process.result(FACTS_SECONDS)
    except TimeoutError:
        return TorchEnvironment(problem=f"{error_prefix}: no answer within {FACTS_SECONDS:g} s")
    except MedtuiError as error:
        return TorchEnvironment(problem=error.message.removesuffix("."))


def examine_python() -> Finding:
    """Check the Python version."""
    version = platform.python_version()
    text = f"{version}, {sys.executable}"
    if sys.version_info < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        remedy = f"create a virtual environment with Python {oldest} or newer"
        return Finding("Python", "failure", text, remedy, {"version": version})
    return Finding("Python", "OK", text, facts={"version": version})


def examine_torch(facts: TorchEnvironment, probe: Probe) -> Finding:
    """Check torch, and why it does not find a GPU that the driver lists."""
    values = msgspec.to_builtins(facts)
    if not facts.torch:
        return Finding("torch", "failure", facts.problem, "pip install torch torchvision", values)
    text = f"{facts.torch}, torchvision {facts.torchvision}, {facts.cpu_capability}"
    if facts.gpus:
        return Finding("torch", "OK", f"{text}; GPUs: {', '.join(facts.gpus)}", facts=values)
    if not probe.gpus:
        return Finding("torch", "OK", f"{text}; no GPU; medtui uses the CPU", facts=values)
    if facts.built_for_cuda is None:
        remedy = "install a CUDA build; see pytorch.org/get-started/locally"
        return Finding("torch", "failure", f"{text}: built without CUDA", remedy, values)
    built, runs = facts.built_for_cuda, probe.cuda_version or "unknown"
    text = f"{text}; finds no GPU: built for CUDA {built}, the driver supports up to {runs}"
    remedy = "update the driver or install a torch for its CUDA; check CUDA_VISIBLE_DEVICES"
    return Finding("torch", "failure", text, remedy, values)


def examine_condensa(facts: TorchEnvironment) -> Finding:
    """Check the version of Condensa, of which the engine reimplements the loop."""
    values = {"version": facts.condensa}
    remedy = f"pip install condensa=={CONDENSA}"
    if facts.condensa == CONDENSA:
        return Finding("Condensa", "OK", facts.condensa, facts=values)
    if facts.condensa:
        text = f"{facts.condensa}; medtui is written for {CONDENSA}"
        return Finding("Condensa", "warning", text, remedy, values)
    return Finding("Condensa", "failure", facts.problem or "not installed", remedy, values)


def examine_pynvml() -> Finding:
    """Check for the distribution `pynvml`, which replaces the module of `nvidia-ml-py`."""
    ours = _version("nvidia-ml-py")
    values = {"nvidia_ml_py": ours, "pynvml": _version("pynvml")}
    if ours is None:
        remedy = "pip install nvidia-ml-py"
        return Finding("pynvml", "failure", "nvidia-ml-py is not installed", remedy, values)
    if values["pynvml"] is not None:
        text = f"the deprecated distribution pynvml {values['pynvml']} is also installed"
        return Finding("pynvml", "warning", text, "pip uninstall pynvml", values)
    return Finding("pynvml", "OK", f"from nvidia-ml-py {ours}", facts=values)


def examine_comet(*, is_online: bool) -> Finding:
    """Check whether Comet can track runs; with `is_online`, also whether its server answers."""
    version, source = access.installed_version(), access.key_source()
    values = {"version": version, "key_source": source}
    if version is None:
        remedy = 'pip install comet-ml, or keep track.comet = "off"'
        return Finding("Comet", "warning", "comet-ml is not installed", remedy, values)
    if source is None:
        text = f"{version}; no API key, so runs can only be recorded offline"
        return Finding("Comet", "OK", text, facts=values)
    text = f"{version}; API key from {source}"
    if not is_online:
        return Finding("Comet", "OK", f"{text}; --online also checks the server", facts=values)
    host, port = access.server_of()
    if is_reachable((host, port)):
        return Finding("Comet", "OK", f"{text}; {host} answers", facts=values)
    remedy = "check the network and HTTPS_PROXY; until then runs are recorded offline"
    return Finding("Comet", "warning", f"{text}; {host}:{port} does not answer", remedy, values)


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
