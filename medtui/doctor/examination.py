"""All checks of this machine; the slowest are started first and reported last."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from medtui.datasets.cache.entry import default_cache_dir
from medtui.doctor import machine, software
from medtui.doctor.finding import Finding
from medtui.doctor.locks import examine_locks
from medtui.doctor.login import examine_login
from medtui.doctor.terminal import examine_terminal
from medtui.telemetry import probe_safely


def examine(runs_dir: Path, *, is_online: bool = False) -> Iterator[Finding]:
    """Yield the finding of each check; a child process that imports torch takes some seconds.

    `is_online` also checks whether Comet's server answers.
    """
    with ThreadPoolExecutor() as pool:
        torch_facts, gpu_probe = pool.submit(software.read_torch_facts), pool.submit(probe_safely)
        yield software.examine_python()
        yield machine.examine_processor()
        yield machine.examine_disk("Disk: runs", runs_dir, "choose another folder with --runs-dir")
        yield examine_locks(runs_dir)
        cache = default_cache_dir()
        yield machine.examine_disk(
            "Disk: cache", cache, "choose another folder with MEDTUI_CACHE_DIR"
        )
        yield from examine_terminal()
        yield examine_login()
        yield software.examine_comet(is_online=is_online)
        yield software.examine_pynvml()
        yield from machine.examine_gpus(gpu_probe.result())
        yield software.examine_torch(torch_facts.result(), gpu_probe.result())
        yield software.examine_condensa(torch_facts.result())
