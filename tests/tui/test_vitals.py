"""The load of the machine, as the title bar shows it."""

from pathlib import Path

import pytest

from medtui.charts.palette import DARK
from medtui.protocol.gpus import GpuProcess, GpuSample, ProbedGpu
from medtui.telemetry.vitals import NUM_SAMPLES, GpuVitals, Vitals, labels_of, latest, vitals_of
from medtui.telemetry.vitals_reader import VitalsReader
from medtui.tui.app import MedtuiApp
from medtui.tui.home.machine_pane import machine_rows
from medtui.tui.published import VitalsRead
from medtui.tui.vitals_text import spark, vitals_text
from medtui.units import MISSING

GIB = 2**30
OWN = GpuVitals("GPU0", (20, 60, 90, 90, 80, 71), int(12.4 * GIB), 80 * GIB, 61, 240.4, is_own=True)
ANNA = GpuVitals("GPU1", (98,) * 6, 71 * GIB, 80 * GIB, 74, 391.0, other_user="anna")
BOX = Vitals((14, 28, 14), 41 * GIB, 256 * GIB)


def _line(width: int, *gpus: GpuVitals) -> str:
    return vitals_text(Vitals((14,), 41 * GIB, 256 * GIB, gpus), width, DARK).plain


def test_bars_are_on_a_scale_of_0_to_100() -> None:
    """97 to 99 % is full, whatever the range of the values is."""
    assert spark((97, 98, 99), 3) == "▇▇▇" or spark((97, 98, 99), 3) == "███"
    assert spark((0, 50, 100), 3) == "▁▅█"
    assert spark((1, 2, 3, 4, 5), 2) == "▁▁"
    assert spark((), 4) == ""


def test_a_machine_without_a_gpu_shows_cpu_and_memory() -> None:
    """Less where there is less space, and nothing that was not measured."""
    assert vitals_text(BOX, 50, DARK).plain == "CPU ▂▃▂ 14 % RAM 41/256 GiB"
    assert vitals_text(BOX, 24, DARK).plain == "CPU 14 % RAM 41/256 GiB"
    assert vitals_text(BOX, 10, DARK).plain == "14 % 41G"
    assert vitals_text(BOX, 3, DARK).plain == ""
    assert (
        vitals_text(Vitals(memory_used_bytes=GIB, memory_total_bytes=8 * GIB), 50, DARK).plain
        == "RAM 1/8 GiB"
    )
    assert vitals_text(Vitals(), 50, DARK).plain == ""
    assert vitals_text(None, 50, DARK).plain == ""


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (42, "GPU0 ▂▅▇▇▇▆ 71 % 12.4/80 GiB 61° 240 W"),
        (37, "GPU0 ▇▇▇▆ 71 % 12.4/80 GiB 61° 240 W"),
        (32, "GPU0 ▇▇▇▆ 71 % 12.4/80 GiB 61°"),
        (26, "GPU0 71 % 12.4/80 GiB 61°"),
        (20, "71 % 12.4G 61°"),
    ],
)
def test_one_gpu(width: int, line: str) -> None:
    """In full, and shorter until it is three numbers."""
    assert _line(width, OWN) == line


def test_two_gpus_the_own_one_first() -> None:
    """Whatever their order is; the other one with its user, or counted."""
    assert _line(80, ANNA, OWN) == (
        "GPU0 ▂▅▇▇▇▆ 71 % 12.4/80 GiB 61° 240 W   GPU1 ▇▇▇▇▇▇ 98 % anna".replace("▇▇▇▇▇▇", "██████")
    )
    assert _line(50, ANNA, OWN) == "GPU0 ▂▅▇▇▇▆ 71 % 12.4/80 GiB 61° 240 W   +1"
    assert _line(20, ANNA, OWN) == "71 % 12.4G 61°"


def test_eight_gpus_are_counted() -> None:
    """As many as fit are named, the rest is a number."""
    others = [GpuVitals(f"GPU{number}", (98,) * 6, other_user="anna") for number in range(1, 8)]
    assert _line(72, OWN, *others).endswith("98 % anna   +6")
    assert _line(50, OWN, *others).endswith("240 W   +7")


def test_a_mig_instance_shows_its_memory() -> None:
    """NVML reports no load of an instance, and its parent's temperature is not its own."""
    instance = GpuSample(1, is_mig=True, memory_used_bytes=GIB, memory_total_bytes=20 * GIB)
    listed = [ProbedGpu(instance), ProbedGpu(instance)]
    assert labels_of(listed) == ["GPU1:0", "GPU1:1"]
    instances = [vitals_of(each, label, ()) for each, label in
                 zip(listed, labels_of(listed), strict=True)]  # fmt: skip
    assert _line(60, *instances) == "GPU1:0 1/20 GiB   GPU1:1 1/20 GiB"


def test_whose_gpu_it_is_comes_from_its_processes() -> None:
    """An own process makes it one's own, also beside another user's."""
    gpu = GpuSample(0, gpu_percent=98)
    anna = GpuProcess(1, user="anna", is_other_user=True)
    mine = GpuProcess(2, user="me", is_other_user=False)
    assert vitals_of(ProbedGpu(gpu, [anna]), "GPU0", (98,)).other_user == "anna"
    assert not vitals_of(ProbedGpu(gpu, [anna]), "GPU0", (98,)).is_own
    assert vitals_of(ProbedGpu(gpu, [anna, mine]), "GPU0", (98,)).is_own
    assert vitals_of(ProbedGpu(gpu, None), "GPU0", ()).other_user == ""
    assert _line(60, vitals_of(ProbedGpu(gpu, [anna]), "GPU0", (98,))) == "GPU0 █ 98 % anna"


def test_loads_are_kept_for_the_sparkline_and_dropped_where_unknown() -> None:
    """A value from before a gap is not shown as the present one."""
    known: dict[str, tuple[int, ...]] = {}
    for load in range(NUM_SAMPLES + 2):
        known["GPU0"] = latest(known, "GPU0", load)
    assert known["GPU0"] == tuple(range(2, NUM_SAMPLES + 2))
    assert latest(known, "GPU0", None) == ()


def test_a_load_that_comes_when_no_screen_is_open_is_kept(tmp_path: Path) -> None:
    """The application closes its screens before it has read all messages."""
    app = MedtuiApp(tmp_path)
    assert app.screen_stack == []
    app.on_vitals_read(VitalsRead(BOX))
    assert app.vitals == BOX


def test_the_reader_joins_the_machine_and_its_gpus() -> None:
    """GPUs come from another process; what it said last stands."""
    reader = VitalsReader(lambda _: None)
    reader._gpus = [ProbedGpu(GpuSample(0, gpu_percent=50))]
    reader.take(10.4, GIB, 2 * GIB)
    sample = reader.take(20.6, GIB, 2 * GIB)
    assert sample.cpu_percents == (10, 21)
    assert sample.gpus[0].percents == (50, 50)


def test_the_machine_s_pane_has_every_gpu_with_its_processes_cpu_memory_and_disk() -> None:
    """Rows of Home: limits, users, what lowers the clock, and studies without a heartbeat."""
    gpu = GpuSample(
        1, name="NVIDIA H100", memory_used_bytes=71 * GIB, memory_total_bytes=80 * GIB,
        gpu_percent=98, power_w=391.0, power_limit_w=700.0, temperature_c=74, sm_clock_mhz=1620,
        throttle_reasons=["power cap"],
    )  # fmt: skip
    processes = [GpuProcess(8832, "anna", "python", 70 * GIB, is_other_user=True), GpuProcess(9)]
    unit = vitals_of(ProbedGpu(gpu, processes), "GPU1", (40, 98))
    vitals = Vitals((10, 14), 41 * GIB, 256 * GIB, (unit,), 32, 1200 * GIB, 4000 * GIB)
    sheet = machine_rows(vitals, [("malaria", "4 min")], 58, DARK)
    rows = [" ".join(row.split()) for row in sheet.canvas().plain.splitlines()]
    assert rows[0] == "GPU1 H100 ▄█ 98 % 74° 391/700 W"
    assert rows[1].endswith("71.0/80 GiB power cap")
    assert rows[2:4] == ["8832 anna python 70.0 GiB", f"9 ? {MISSING}"]
    assert any(row.endswith("14 % of 32 cores") for row in rows)
    assert any(row.startswith("Disk, runs") and row.endswith("1.17 TiB free") for row in rows)
    assert rows[-1] == "◍ malaria: no heartbeat for 4 min; its runs may go on"
    assert machine_rows(None, [], 58, DARK).canvas().plain.strip() == "measuring …"
