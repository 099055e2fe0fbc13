"""Whether detached studies survive a logout: logind may end the processes of a session."""

import os
import pwd
import re
from pathlib import Path

from medtui.doctor.finding import Finding

_SETTINGS = ("KillUserProcesses", "KillOnlyUsers", "KillExcludeUsers")

_FOLDERS = ("usr/lib/systemd", "usr/local/lib/systemd", "run/systemd", "etc/systemd")
"""Folders of logind.conf and its drop-ins; later ones take precedence. Source: logind.conf(5)."""


def why_detached_work_ends(root: Path = Path("/"), user: str = "") -> str:
    """Return why a detached study would be ended at logout; empty if it would not.

    `user` is the user who logs out, by default the one who runs this process.

    Source: logind.conf(5), KillUserProcesses; loginctl(1), enable-linger.
    """
    if not (root / "run/systemd/system").is_dir():
        return ""  # this machine does not use systemd
    user = user or _user_name()
    unit = _own_unit(root)
    lingers = (root / "var/lib/systemd/linger" / user).exists()
    if unit.startswith("session-") and _kills(user, root):
        return "KillUserProcesses=yes: logind ends all processes of a session at logout"
    if unit.startswith("user@") and not lingers:
        return "lingering is disabled: logind ends your services and scopes after your last logout"
    return ""


def detach_remedy() -> str:
    """Return the commands that let detached studies survive a logout."""
    return "run loginctl enable-linger once, then start systemd-run --user --scope medtui ..."


def examine_login(root: Path = Path("/"), user: str = "") -> Finding:
    """Check whether detached studies survive a logout."""
    reason = why_detached_work_ends(root, user)
    if reason:
        return Finding("Logout", "warning", reason, detach_remedy())
    return Finding("Logout", "OK", "detached studies continue after it")


def _kills(user: str, root: Path) -> bool:
    settings = _login_settings(root)
    if settings.get("KillUserProcesses", "no").lower() not in {"yes", "true", "1", "on"}:
        return False
    only = settings.get("KillOnlyUsers", "").split()
    return user in only if only else user not in settings.get("KillExcludeUsers", "root").split()


def _login_settings(root: Path) -> dict[str, str]:
    """Return logind's settings; the comments of a shipped file are the compiled defaults."""
    main = [root / folder / "logind.conf" for folder in _FOLDERS]
    drop_ins = [path for folder in _FOLDERS for path in (root / folder).glob("logind.conf.d/*")]
    defaults: dict[str, str] = {}
    given: dict[str, str] = {}
    for path in [*main, *sorted(drop_ins, key=lambda path: path.name)]:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for mark, name, value in re.findall(r"^\s*(#?)\s*(\w+)\s*=(.*)$", text, re.MULTILINE):
            if name in _SETTINGS:
                (defaults if mark else given)[name] = value.strip()
    return defaults | given


def _own_unit(root: Path) -> str:
    """Return this process's systemd unit: `session-3.scope`, `user@1000.service`."""
    try:
        text = (root / "proc/self/cgroup").read_text(encoding="utf-8")
    except OSError:
        return ""
    found = re.search(r"/user-\d+\.slice/([^/\n]+)", text)
    return found.group(1) if found else ""


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
