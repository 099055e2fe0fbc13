"""Telemetry of the machine: written by a sampler process, read by everything else.

Imports no torch, and neither pynvml nor psutil: only the programs `sampler` and `gpu_probe` load
those.
"""

from medtui.protocol.gpus import GpuProcess, GpuSample, Probe, ProbedGpu
from medtui.telemetry.gpu_probe_client import probe_safely
from medtui.telemetry.reader import SampleTail, read_samples
from medtui.telemetry.sample import NVML_OK, Sample
from medtui.telemetry.sampler_process import SamplerProcess
from medtui.telemetry.summary import Level, Span, TelemetrySummary, summarise, summarise_spans
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
    "TelemetrySummary",
    "probe_safely",
    "read_samples",
    "summarise",
    "summarise_spans",
    "visible_for",
]
