"""The command line: data on stdout, progress on stderr, documented exit codes.

Heavy modules are imported by the command that needs them, so that `--help` stays fast.
"""

import os
import signal
import sys

from medtui import __version__
from medtui.cli.stream import abandon_stdout, escape_output
from medtui.errors import MedtuiError, explain_os_error
from medtui.library_threads import thread_environment
from medtui.upgrade import explain_missing_module


def main() -> int:
    """Run the command line and return the exit code."""
    os.environ |= thread_environment()
    escape_output()
    if os.getpid() == 1:
        _end_on_sigterm()
    if sys.argv[1:] == ["--version"]:
        print(f"medtui {__version__}")
        return 0
    try:
        return _run_verb()
    except MedtuiError as error:
        show_error(error)
        return error.exit_code
    except ImportError as error:
        upgraded = explain_missing_module(error)
        if upgraded is None:
            raise
        show_error(upgraded)
        return upgraded.exit_code
    except BrokenPipeError:
        abandon_stdout()  # its reader has closed it
        return 0
    except OSError as error:
        problem = explain_os_error(error)
        show_error(problem)
        abandon_stdout()
        return problem.exit_code


def show_error(error: MedtuiError) -> None:
    """Write an error and its hint to stderr."""
    print(f"medtui: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"  {error.hint}", file=sys.stderr)


def _end_on_sigterm() -> None:
    """Let SIGTERM end process 1 of a container: the kernel ignores signals it has no handler for.

    Commands that follow a study replace the handler by their own.
    """
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def _run_verb() -> int:
    from medtui.cli.root import app

    try:
        app(prog_name="medtui")
    except SystemExit as ending:
        sys.stdout.flush()
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    return 0
