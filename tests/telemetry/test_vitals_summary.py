"""Means and peaks over a run."""

from medtui.telemetry import GpuSample, Level, Sample, TelemetrySummary, summarise


def test_nothing_measured_is_none() -> None:
    """Unknown is never 0."""
    assert summarise([]) == TelemetrySummary(num_samples=0, seconds=0.0)
    bare = summarise([Sample(time=1.0, elapsed_s=0.0, gpus=[GpuSample(index=0)])])
    assert bare == TelemetrySummary(num_samples=1, seconds=0.0)


def test_gaps_do_not_pull_an_average_down() -> None:
    """Only samples that measured something count."""
    cpu = [None, 100.0, 50.0, None]
    samples = [
        Sample(time=float(second), elapsed_s=0.0, process_cpu_percent=percent)
        for second, percent in enumerate(cpu)
    ]
    summary = summarise(samples)
    assert summary.process_cpu_percent == Level(mean=75.0, peak=100.0, num_samples=2)
    assert (summary.num_samples, summary.seconds) == (4, 3.0)


def test_only_the_gpus_that_the_run_used_count() -> None:
    """Other GPUs are left out, also in samples from before the run used its own."""
    ours = GpuSample(index=1, uuid="GPU-b", memory_used_bytes=100, gpu_percent=10)
    used = GpuSample(
        index=1, uuid="GPU-b", memory_used_bytes=300, gpu_percent=90, process_memory_bytes=200
    )
    neighbour = GpuSample(index=0, uuid="GPU-a", memory_used_bytes=9_000, gpu_percent=100)
    samples = [
        Sample(time=1.0, elapsed_s=0.0, gpus=[neighbour, ours]),
        Sample(time=2.0, elapsed_s=1.0, gpus=[neighbour, used]),
    ]
    summary = summarise(samples)
    assert summary.gpu_memory_used_bytes == Level(mean=200.0, peak=300, num_samples=2)
    assert summary.process_gpu_memory_bytes == Level(mean=200.0, peak=200, num_samples=1)
    assert summary.gpu_percent == Level(mean=50.0, peak=90.0, num_samples=2)


def test_two_gpus_add_up_and_their_shares_average() -> None:
    """Memory and power are sums; utilisation is a share."""
    gpus = [
        GpuSample(index=0, memory_used_bytes=10, gpu_percent=100, power_w=100.0),
        GpuSample(index=1, memory_used_bytes=30, gpu_percent=50, power_w=60.0),
    ]
    summary = summarise([Sample(time=1.0, elapsed_s=0.0, gpus=gpus)])
    assert summary.gpu_memory_used_bytes == Level(mean=40.0, peak=40, num_samples=1)
    assert summary.gpu_percent == Level(mean=75.0, peak=75.0, num_samples=1)
    assert summary.gpu_power_w == Level(mean=160.0, peak=160.0, num_samples=1)


def test_a_stage_is_a_span_of_time() -> None:
    """From its start (inclusive) to the start of the next (exclusive)."""
    samples = [
        Sample(time=float(second), elapsed_s=0.0, process_memory_bytes=second)
        for second in range(10)
    ]
    level = summarise(samples, since=3.0, until=6.0).process_memory_bytes
    assert level == Level(mean=4.0, peak=5, num_samples=3)
