"""Connects this process to a Ray cluster, or explains why it cannot. Imports ray.

Where nothing answers, `ray.init` tries again for more than ten minutes, and does not listen to
signals meanwhile; so the address is tried first.
"""

import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ray
from ray._private.services import canonicalize_bootstrap_address_or_die, find_node_ids
from ray.exceptions import AuthenticationError, RayError

from medtui.errors import EnvironmentProblem

NAMESPACE = "medtui"

_VERSIONS = re.compile(r"^ +((?:Ray|Python): \S+)$", re.MULTILINE)
"""A line of Ray's error about versions. Source: ray/_private/utils.py, Ray 2.60."""

_NUM_VERSIONS = 4
"""Ray and Python of the cluster, and of this process."""

_WRONG_TOKEN = "InvalidAuthToken"  # noqa: S105 - not one
"""Part of the error that causes Ray's. Source: raylet and GCS of Ray 2.60."""

_HOW_TO_AUTHENTICATE = "Set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH as on the cluster's nodes."

CONNECT_SECONDS = 5.0
"""How long the head of a cluster may take to accept a connection."""


def connect(address: str) -> None:
    """Make this process a driver of the cluster, unless it is one already.

    Raises:
        EnvironmentProblem: there is none at the address, this machine is no node of it, it has
            another version, or it refuses this process's token.
    """
    if ray.is_initialized():
        return
    found = _find(address)
    with _own_signals(), _quiet_stderr(), explained(f"at {found} cannot be used"):
        ray.init(address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False)


def _find(address: str) -> str:
    """Return host and port of a cluster's head, at which something answers."""
    try:
        found = str(canonicalize_bootstrap_address_or_die(address))
    except ConnectionError as error:
        raise EnvironmentProblem(
            "No Ray cluster was found from this machine.",
            hint="Join one with: ray start --address HEAD:6379; or name it by ray.address.",
        ) from error
    except ValueError as error:
        raise EnvironmentProblem(
            f"{address} is no address of a Ray cluster.",
            hint="Set ray.address to HOST:PORT of its head, or to auto.",
        ) from error
    host, _, port = found.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except OSError as error:
        raise EnvironmentProblem(
            f"No Ray cluster answers at {found}: {error.strerror or error}.",
            hint="Start its head with ray start --head, or correct ray.address and RAY_ADDRESS.",
        ) from error
    if not find_node_ids():
        raise EnvironmentProblem(
            f"This machine is no node of the Ray cluster at {found}.",
            hint=f"Join it, for no runs: ray start --address {found} --num-cpus 0 --num-gpus 0",
        )
    return found


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Raise what Ray raises as an `EnvironmentProblem`."""
    try:
        yield
    except AuthenticationError as error:
        raise EnvironmentProblem(
            f"Ray {what}: {error.message}.", hint=_HOW_TO_AUTHENTICATE
        ) from error
    except (RayError, ConnectionError, RuntimeError, TimeoutError, ValueError) as error:
        text, hint = first_line(error), "Check the cluster with: medtui doctor --scheduler ray"
        versions = _VERSIONS.findall(str(error))
        if len(versions) == _NUM_VERSIONS:
            theirs, ours = (" and ".join(each) for each in (versions[:2], versions[2:]))
            text = f"it has {theirs}, this process {ours}."
            hint = "Use the same versions on all machines of the cluster."
        elif _WRONG_TOKEN in str(error.__cause__):
            text, hint = "it does not accept this process's token.", _HOW_TO_AUTHENTICATE
        raise EnvironmentProblem(f"Ray {what}: {text}", hint=hint) from error


def first_line(error: Exception) -> str:
    """Return the first line of an error of Ray, which explains at length."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep this process's handlers of signals, which `ray.init` replaces."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Discard what Ray's C++ code prints: a line for each of 20 attempts with a wrong token."""
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
