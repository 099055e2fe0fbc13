"""An interpreter whose workers have tiny networks and write checkpoints as often as possible."""

import sys
from pathlib import Path

EAGER = """
import sys
import medtui.engine.run.checkpoint
import medtui.engine.run.pipeline
from tests.helpers.tiny_sessions import tiny_network
medtui.engine.run.checkpoint.COST_SHARE = 1.0  # these runs are too short for the usual thrift
medtui.engine.run.pipeline.build_network = lambda *_, **__: tiny_network()
from {module} import main
sys.exit(main())
"""

PROGRAMS = {"medtui.worker": "medtui.worker", "medtui.fork_server": "medtui.fork_server.__main__"}
"""What starts workers, with the module of its `main`."""


def eager_python(folder: Path) -> Path:
    """Write the interpreter into a folder and return its path."""
    program = folder / "python"
    lines = ["#!/bin/sh"]
    for name, module in PROGRAMS.items():
        eager = program.with_name(f"{name}.py")
        eager.write_text(EAGER.format(module=module), encoding="utf-8")
        lines.append(f'if [ "$2" = {name} ]; then shift 2; exec {sys.executable} {eager} "$@"; fi')
    lines.append(f'exec {sys.executable} "$@"\n')
    program.write_text("\n".join(lines), encoding="utf-8")
    program.chmod(0o755)
    return program
