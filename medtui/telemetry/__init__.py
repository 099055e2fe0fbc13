"""The machine's vitals: sampled by a process of their own, read by everyone. Knows no torch.

Nothing imported here loads pynvml or psutil; the programs `sampler` and `probe` do.
"""

from medtui.protocol.gpus import GpuProcess, GpuSample, Probe, ProbedGpu
from medtui.telemetry.gpu_probe_client import probe_safely
from medtui.telemetry.reader import SampleTail, read_samples
from medtui.telemetry.sample import NVML_OK, Sample
from medtui.telemetry.sampler_process import SamplerProcess
from medtui.telemetry.summary import Level, Span, VitalsSummary, summarise, summarise_spans
from medtui.telemetry.visible_devices import NO_DEVICES, visible_for

__all__ = [
    "NO_DEVICES",
    "NVML_OK",
    "GpuProcess",
    "GpuSample",
    "Level",
    "Probe",
    "ProbedGpu",
    "Sample",
    "SampleTail",
    "SamplerProcess",
    "Span",
    "VitalsSummary",
    "probe_safely",
    "read_samples",
    "summarise",
    "summarise_spans",
    "visible_for",
]
