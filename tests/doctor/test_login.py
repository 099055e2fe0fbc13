"""Whether detached studies survive a logout."""

from pathlib import Path

import pytest

from medtui.doctor.login import examine_login, why_detached_work_ends

SESSION = "0::/user.slice/user-1000.slice/session-3.scope\n"
SERVICE = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-7.scope\n"
SHIPPED = "[Login]\n#KillUserProcesses={}\n#KillOnlyUsers=\n#KillExcludeUsers=root\n"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with systemd, with a session of the user `ada`."""
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    write(tmp_path / "proc/self/cgroup", SESSION)
    write(tmp_path / "etc/systemd/logind.conf", SHIPPED.format("no"))
    return tmp_path


def write(path: Path, text: str) -> None:
    """Write a file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_session_survives_where_logind_kills_nothing(machine):
    """The common case: a comment in the shipped file states the default."""
    assert why_detached_work_ends(machine, "ada") == ""
    assert examine_login(machine, "ada").level == "OK"


def test_a_logind_that_kills_is_a_warning_with_its_remedy(machine):
    """Drop-ins take precedence over the main file, later names over earlier ones."""
    write(machine / "etc/systemd/logind.conf.d/10.conf", "[Login]\nKillUserProcesses=yes\n")
    finding = examine_login(machine, "ada")
    assert finding.level == "warning"
    assert "enable-linger" in finding.remedy
    write(machine / "etc/systemd/logind.conf.d/20.conf", "[Login]\nKillUserProcesses = no\n")
    assert examine_login(machine, "ada").level == "OK"


def test_a_compiled_default_counts(machine):
    """The distribution's file has `#KillUserProcesses=yes`."""
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
def test_users_can_be_excluded_or_selected(machine, line, is_ended):
    """KillExcludeUsers exempts users; KillOnlyUsers limits the setting to users."""
    text = f"[Login]\nKillUserProcesses=yes\n{line}\n"
    write(machine / "etc/systemd/logind.conf.d/10.conf", text)
    assert bool(why_detached_work_ends(machine, "ada")) is is_ended


def test_a_user_scope_survives_with_linger(machine):
    """Outside the session, lingering decides."""
    write(machine / "etc/systemd/logind.conf", "KillUserProcesses=yes\n")
    write(machine / "proc/self/cgroup", SERVICE)
    assert "linger" in why_detached_work_ends(machine, "ada")
    write(machine / "var/lib/systemd/linger/ada", "")
    assert why_detached_work_ends(machine, "ada") == ""


def test_without_systemd_processes_survive(tmp_path):
    """Containers and machines with another init system have no logind."""
    assert why_detached_work_ends(tmp_path) == ""
