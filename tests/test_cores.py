"""CPU cores within the quota of control groups, read from small trees of files."""

import os
from pathlib import Path

import pytest

from medtui.cores import cpu_quota, num_cores
from medtui.datasets.decoding import pool
from medtui.doctor.machine import examine_processor
from medtui.jobs import device_slots
from medtui.preset import MachineSettings

V2 = "30 23 0:26 {root} {folder} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate"
V1 = "33 32 0:29 {root} {folder} rw,nosuid shared:15 - cgroup cgroup rw,cpu,cpuacct"
OTHER = "34 32 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"
PROC = "22 28 0:21 / /proc rw,relatime shared:13 - proc proc rw"


def tree(root: Path, cgroup: str, mounts: list[str], files: dict[str, str]) -> Path:
    """Write `/proc/self/cgroup`, `mountinfo`, and files of control groups; return the root."""
    for name, text in {
        "proc/self/cgroup": cgroup,
        "proc/self/mountinfo": "\n".join([PROC, *mounts, ""]),
        **files,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def v2(group: str = "/", folder: str = "/sys/fs/cgroup") -> str:
    """Return the mount of version 2."""
    return V2.format(root=group, folder=folder)


def v1(group: str = "/", folder: str = "/sys/fs/cgroup/cpu") -> str:
    """Return the mount of the CPU controller of version 1."""
    return V1.format(root=group, folder=folder)


CASES = {
    "v2-container": ("0::/\n", [v2()], {"sys/fs/cgroup/cpu.max": "250000 100000\n"}, 2.5),
    "v2-unlimited": ("0::/\n", [v2()], {"sys/fs/cgroup/cpu.max": "max 100000\n"}, None),
    "v2-nested": (
        "0::/a.slice/b.scope\n",
        [v2()],
        {
            "sys/fs/cgroup/a.slice/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/a.slice/b.scope/cpu.max": "max 100000\n",
        },
        1.5,
    ),
    "v2-outside-its-namespace": (
        "0::/../other\n", [v2()], {"sys/fs/cgroup/cpu.max": "50000 100000\n"}, 0.5,
    ),
    "v1-container": (
        "4:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc\n",
        [OTHER, v1("/docker/abc")],
        {
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
        3.0,
    ),
    "v1-unlimited": (
        "4:cpu,cpuacct:/\n",
        [v1()],
        {
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
        None,
    ),
    "v1-job-under-hybrid": (
        "4:cpuacct,cpu:/slurm/job_7\n0::/\n",
        [v2(folder="/sys/fs/cgroup/unified"), v1(folder="/sys/fs/cgroup/cpu\\040time")],
        {
            "sys/fs/cgroup/cpu time/slurm/job_7/cpu.cfs_quota_us": "100000\n",
            "sys/fs/cgroup/cpu time/slurm/job_7/cpu.cfs_period_us": "50000\n",
        },
        2.0,
    ),
    "cpuset-is-no-cpu": (
        "4:cpuset:/\n",
        ["33 32 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset"],
        {"sys/fs/cgroup/cpuset/cpu.cfs_quota_us": "100000\n"},
        None,
    ),
    "nonsense": ("0::/\n", [v2()], {"sys/fs/cgroup/cpu.max": "many few\n"}, None),
    "no-period": ("0::/\n", [v2()], {"sys/fs/cgroup/cpu.max": "100000 0\n"}, None),
    "empty": ("0::/\n", [v2()], {"sys/fs/cgroup/cpu.max": ""}, None),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _many_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend 64 cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    monkeypatch.setattr(os, "cpu_count", lambda: 64)


@pytest.mark.parametrize("case", CASES)
def test_the_quota_is_the_least_of_all_groups_above(tmp_path, case):
    """Both versions of control groups, in containers and jobs."""
    cgroup, mounts, files, expected = CASES[case]
    root = tree(tmp_path, cgroup, mounts, files)
    assert cpu_quota(root) == expected
    assert num_cores(root) == (64 if expected is None else max(1, int(expected)))


def test_a_machine_without_control_groups_has_no_quota(tmp_path):
    """Then the affinity alone counts."""
    assert cpu_quota(tmp_path) is None
    assert num_cores(tmp_path) == 64


def test_the_affinity_counts_where_it_is_less(tmp_path, monkeypatch):
    """A quota never adds cores."""
    root = tree(tmp_path, *CASES["v1-container"][:3])
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 5})
    assert num_cores(root) == 2


def test_runs_side_by_side_and_the_doctor_respect_the_quota(tmp_path, monkeypatch):
    """A container of 2.5 CPUs on 64 cores gets two runs and two decoders."""
    root = tree(tmp_path, *CASES["v2-container"][:3])
    monkeypatch.setattr(device_slots, "num_cores", lambda: num_cores(root))
    monkeypatch.setattr(pool, "num_cores", lambda: num_cores(root))
    assert len(device_slots.find_slots(MachineSettings(device="cpu"))) == 2
    assert pool.num_children() == 2
    finding = examine_processor({}, root)
    assert finding.text == "2 of 64 cores; the control group allows the time of 2.5"
    assert finding.facts["cpu_quota"] == 2.5
