"""Python and the libraries: those medtui needs, and one that gets in the way."""

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

FACTS_SECONDS = 120.0
"""Importing torch takes seconds, from a cold network disk a minute."""

OLDEST_PYTHON = (3, 10)

CONDENSA = "0.5.0b0"
"""The one version whose loop the engine restates."""


def read_torch_facts() -> TorchEnvironment:
    """Ask a short-lived process about torch; what goes wrong there becomes the `problem`."""
    complaint = "torch could not be asked"
    try:
        with ChildProcess(
            "medtui.engine.environment_probe", decoder, complaint=complaint
        ) as process:
            return process.answer(FACTS_SECONDS)
    except TimeoutError:
        return TorchEnvironment(problem=f"{complaint}: no answer within {FACTS_SECONDS:g} s")
    except MedtuiError as error:
        return TorchEnvironment(problem=error.message.removesuffix("."))


def examine_python() -> Finding:
    """Tell which Python runs medtui."""
    version = platform.python_version()
    text = f"{version}, {sys.executable}"
    if sys.version_info < OLDEST_PYTHON:
        cure = "make a virtual environment with Python 3.10 or newer"
        return Finding("Python", "failure", text, cure, {"version": version})
    return Finding("Python", "OK", text, facts={"version": version})


def examine_torch(facts: TorchEnvironment, probe: Probe) -> Finding:
    """Tell of torch, and why it does not see a GPU that the driver lists."""
    values = msgspec.to_builtins(facts)
    if not facts.torch:
        return Finding("torch", "failure", facts.problem, "pip install torch torchvision", values)
    text = f"{facts.torch}, torchvision {facts.torchvision}, {facts.cpu_capability}"
    if facts.gpus:
        return Finding("torch", "OK", f"{text}; GPUs: {', '.join(facts.gpus)}", facts=values)
    if not probe.gpus:
        return Finding("torch", "OK", f"{text}; no GPU, so the CPU computes", facts=values)
    if facts.built_for_cuda is None:
        cure = "install the CUDA build: see pytorch.org/get-started/locally"
        return Finding("torch", "failure", f"{text}: built without CUDA", cure, values)
    built, runs = facts.built_for_cuda, probe.cuda_version or "unknown"
    text = f"{text} sees no GPU: built for CUDA {built}, the driver runs up to {runs}"
    cure = "update the driver or install a torch for its CUDA; look at CUDA_VISIBLE_DEVICES"
    return Finding("torch", "failure", text, cure, values)


def examine_condensa(facts: TorchEnvironment) -> Finding:
    """Tell whether the Condensa that the engine was written for is here."""
    values = {"version": facts.condensa}
    cure = f"pip install condensa=={CONDENSA}"
    if facts.condensa == CONDENSA:
        return Finding("Condensa", "OK", facts.condensa, facts=values)
    if facts.condensa:
        text = f"{facts.condensa}; the engine follows the loop of {CONDENSA}"
        return Finding("Condensa", "warning", text, cure, values)
    return Finding("Condensa", "failure", facts.problem or "not installed", cure, values)


def examine_pynvml() -> Finding:
    """Look for the distribution `pynvml`, which shadows the module of `nvidia-ml-py`."""
    ours = _version("nvidia-ml-py")
    values = {"nvidia_ml_py": ours, "pynvml": _version("pynvml")}
    if ours is None:
        cure = "pip install nvidia-ml-py"
        return Finding("pynvml", "failure", "nvidia-ml-py is not installed", cure, values)
    if values["pynvml"] is not None:
        text = f"the deprecated distribution pynvml {values['pynvml']} is installed as well"
        return Finding("pynvml", "warning", text, "pip uninstall pynvml", values)
    return Finding("pynvml", "OK", f"from nvidia-ml-py {ours}", facts=values)


def examine_comet(*, is_online: bool) -> Finding:
    """Tell whether runs can be tracked by Comet; with `is_online`, also whether it answers."""
    version, place = access.installed_version(), access.key_source()
    values = {"version": version, "key_source": place}
    if version is None:
        cure = "pip install comet-ml, or leave track.comet off"
        return Finding("Comet", "warning", "comet-ml is not installed", cure, values)
    if place is None:
        text = f"{version}; no key, so runs can be recorded offline only"
        return Finding("Comet", "OK", text, facts=values)
    text = f"{version}; key in {place}"
    if not is_online:
        return Finding("Comet", "OK", f"{text}; --online tries the server", facts=values)
    host, port = access.server_of()
    if access.is_reachable((host, port)):
        return Finding("Comet", "OK", f"{text}; {host} answers", facts=values)
    cure = "check the network or HTTPS_PROXY; runs are recorded offline until then"
    return Finding("Comet", "warning", f"{text}; {host}:{port} does not answer", cure, values)


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
