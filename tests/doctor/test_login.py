"""Whether detached work outlives its login."""

from pathlib import Path

import pytest

from medtui.doctor.login import examine_login, why_detached_work_ends

SESSION = "0::/user.slice/user-1000.slice/session-3.scope\n"
SERVICE = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-7.scope\n"
SHIPPED = "[Login]\n#KillUserProcesses={}\n#KillOnlyUsers=\n#KillExcludeUsers=root\n"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine run by systemd, with a session of the user `ada`."""
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    write(tmp_path / "proc/self/cgroup", SESSION)
    write(tmp_path / "etc/systemd/logind.conf", SHIPPED.format("no"))
    return tmp_path


def write(path: Path, text: str) -> None:
    """Write a file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_session_is_safe_where_logind_kills_nothing(machine):
    """The common case: the shipped file's comment tells the default."""
    assert why_detached_work_ends(machine, "ada") == ""
    assert examine_login(machine, "ada").level == "OK"


def test_a_killing_logind_is_told_with_the_cure(machine):
    """A drop-in outranks the main file, later names outrank earlier ones."""
    write(machine / "etc/systemd/logind.conf.d/10.conf", "[Login]\nKillUserProcesses=yes\n")
    finding = examine_login(machine, "ada")
    assert finding.level == "warning"
    assert "enable-linger" in finding.cure
    write(machine / "etc/systemd/logind.conf.d/20.conf", "[Login]\nKillUserProcesses = no\n")
    assert examine_login(machine, "ada").level == "OK"


def test_a_compiled_default_counts(machine):
    """Where the distribution's file shows `#KillUserProcesses=yes`."""
    write(machine / "etc/systemd/logind.conf", SHIPPED.format("yes"))
    assert why_detached_work_ends(machine, "ada")


@pytest.mark.parametrize(
    ("line", "is_ended"),
    [
        ("KillExcludeUsers=root ada", False),
        ("KillExcludeUsers=root", True),
        ("KillOnlyUsers=bob", False),
        ("KillOnlyUsers=bob ada", True),
    ],
)
def test_users_are_told_apart(machine, line, is_ended):
    """Some are spared, or only some are meant."""
    text = f"[Login]\nKillUserProcesses=yes\n{line}\n"
    write(machine / "etc/systemd/logind.conf.d/10.conf", text)
    assert bool(why_detached_work_ends(machine, "ada")) is is_ended


def test_a_scope_of_ones_own_lasts_with_linger(machine):
    """Out of the session, it is lingering that counts."""
    write(machine / "etc/systemd/logind.conf", "KillUserProcesses=yes\n")
    write(machine / "proc/self/cgroup", SERVICE)
    assert "linger" in why_detached_work_ends(machine, "ada")
    write(machine / "var/lib/systemd/linger/ada", "")
    assert why_detached_work_ends(machine, "ada") == ""


def test_without_systemd_nobody_kills(tmp_path):
    """Containers, and machines with another init."""
    assert why_detached_work_ends(tmp_path) == ""
