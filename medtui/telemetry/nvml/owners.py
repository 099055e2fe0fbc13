"""Whose a process on a GPU is, as far as the process table shows it."""

import os
import pwd
from functools import lru_cache

import msgspec
import psutil

from medtui.protocol.gpus import GpuProcess


def with_owner(process: GpuProcess) -> GpuProcess:
    """Return the process with its user and program, where the process table has them.

    A pid from outside this container, or hidden from this user, stays without both.
    """
    try:
        seen = psutil.Process(process.pid)
        name, uid = seen.name(), seen.uids().real
    except psutil.Error:
        return process
    return msgspec.structs.replace(
        process, user=_user_name(uid), name=name, is_other_user=uid != os.getuid()
    )


@lru_cache(maxsize=256)
def _user_name(uid: int) -> str:
    """Return the user's name, or the number of one without; a directory service may be slow."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
