"""The whole examination; what takes longest is asked first and told last."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from medtui.datasets.cache import default_cache_dir
from medtui.doctor import machine, software
from medtui.doctor.finding import Finding
from medtui.doctor.login import examine_login
from medtui.doctor.terminal import examine_terminal
from medtui.telemetry import probe_safely


def examine(runs_dir: Path, *, is_online: bool = False) -> Iterator[Finding]:
    """Examine this machine; some seconds, for torch is asked in a process of its own.

    With `is_online`, Comet's server is tried as well.
    """
    with ThreadPoolExecutor() as pool:
        asked_torch, asked_gpus = pool.submit(software.read_torch_facts), pool.submit(probe_safely)
        yield software.examine_python()
        yield machine.examine_processor()
        yield machine.examine_disk("Disk: runs", runs_dir, "choose another with --runs-dir")
        cache = default_cache_dir()
        yield machine.examine_disk("Disk: cache", cache, "choose another: MEDTUI_CACHE_DIR")
        yield from examine_terminal()
        yield examine_login()
        yield software.examine_comet(is_online=is_online)
        yield software.examine_pynvml()
        yield from machine.examine_gpus(asked_gpus.result())
        yield software.examine_torch(asked_torch.result(), asked_gpus.result())
        yield software.examine_condensa(asked_torch.result())
