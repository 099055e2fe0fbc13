"""The user's folders, also where the user has no home directory, as in many containers."""

import os
import stat
from pathlib import Path
from typing import Literal

from medtui.errors import EnvironmentProblem

_HINT = "Set HOME to a folder of this user, or use a path without ~."


def expand_home(path: str | Path) -> Path:
    """Return a path with its leading `~` replaced by the home directory.

    Raises:
        EnvironmentProblem: the home directory is unknown.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        first = Path(path).parts[0]
        reason = "there is no such user"
        if first == "~":
            reason = f"HOME is not set, and uid {os.geteuid()} has no entry in the user database"
        raise EnvironmentProblem(
            f"{path}: the home directory of {first} is unknown: {reason}.", hint=_HINT
        ) from error


def user_folder(kind: Literal["cache", "config", "state"]) -> Path:
    """Return medtui's folder of a kind; without a home directory, one in the temporary folder.

    Raises:
        EnvironmentProblem: there is no home directory, and the temporary folder has one of the
            same name that others can write.
    """
    import platformdirs

    find = {
        "cache": platformdirs.user_cache_path,
        "config": platformdirs.user_config_path,
        "state": platformdirs.user_state_path,
    }[kind]
    try:
        return find("medtui")
    except RuntimeError:
        return _folder_without_home() / kind


def cache_folder() -> Path:
    """Return `MEDTUI_CACHE_DIR`, or the user's cache folder when it is not set.

    Raises:
        EnvironmentProblem: as for `user_folder`.
    """
    given = os.environ.get("MEDTUI_CACHE_DIR")
    return expand_home(given) if given else user_folder("cache")


def _folder_without_home() -> Path:
    """Return a folder that only this user can write, and create it.

    Raises:
        EnvironmentProblem: it cannot be created, or belongs to someone else.
    """
    import tempfile

    uid = os.geteuid()
    folder = Path(tempfile.gettempdir()) / f"medtui-uid-{uid}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise _no_folder(f"{folder} cannot be created: {error.strerror}") from error
    is_open = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if status.st_uid != uid or is_open or not stat.S_ISDIR(status.st_mode):
        # Anyone can create a folder of that name first.
        raise _no_folder(f"{folder} can be written by other users")
    return folder


def _no_folder(reason: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"HOME is not set, uid {os.geteuid()} has no entry in the user database, and {reason}.",
        hint="Set HOME, or MEDTUI_CACHE_DIR and MEDTUI_CONFIG_DIR, to folders of this user.",
    )
