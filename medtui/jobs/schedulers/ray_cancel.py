"""Cancels a task on a Ray cluster: `python -m medtui.jobs.schedulers.ray_cancel ADDRESS NAME`.

A process of its own, so that commands and screens do not import ray.
"""

import subprocess
import sys

from medtui.child_process import child_environment, last_line
from medtui.errors import EnvironmentProblem, MedtuiError

TIMEOUT_SECONDS = 120.0


def cancel_task(address: str, name: str) -> None:
    """Cancel the task whose actor has this name, if it is there.

    Raises:
        EnvironmentProblem: the cluster does not answer.
    """
    command = [sys.executable, "-m", "medtui.jobs.schedulers.ray_cancel", address, name]
    try:
        done = subprocess.run(
            command, env=child_environment(), stdin=subprocess.DEVNULL, check=False,
            capture_output=True, timeout=TIMEOUT_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentProblem(f"Ray did not cancel {name}: {error}.") from error
    if done.returncode != 0:
        raise EnvironmentProblem(f"Ray did not cancel {name}: {last_line(done.stderr)}")


def main() -> int:
    """Cancel one task."""
    import ray

    from medtui.jobs.schedulers.ray_connection import NAMESPACE, connect

    address, name = sys.argv[1:]
    try:
        connect(address)
        ray.kill(ray.get_actor(name, namespace=NAMESPACE))
    except ValueError:  # it has ended
        return 0
    except MedtuiError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - read by `cancel_task`
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
