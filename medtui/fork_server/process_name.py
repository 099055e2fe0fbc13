"""The command that lists of processes show for this one."""

from collections.abc import Sequence

from setproctitle import getthreadtitle, setproctitle, setthreadtitle


def show_as(command: Sequence[str]) -> None:
    """Be listed as the command that would start the same program; keep the short name."""
    name = getthreadtitle()
    setproctitle(" ".join(command))
    setthreadtitle(name)
