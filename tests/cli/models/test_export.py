"""`medtui export` as a shell starts it; the scripts of the documentation; a process called off."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medtui.datasets.dataset import open_dataset
from medtui.engine.export.__main__ import StopRequest
from medtui.preset import parse_preset
from medtui.runs.predictions import read_predictions
from tests.helpers.exportable_study import PRESET
from tests.helpers.paths import REPOSITORY

DOCUMENT = REPOSITORY / "docs" / "how-to" / "export.md"


@pytest.fixture
def export(medtui, exportable):
    """Return a function that runs the verb on that study."""

    def run(*arguments):
        return medtui(
            "export", *arguments, "--no-timing", "--runs-dir", str(exportable.path.parent)
        )  # fmt: skip

    return run


def test_formats_are_written_told_and_listed(export, medtui, exportable, tmp_path):
    """Stdout names each file; the run's folder holds it with its record; `runs show` has it."""
    done = export("prune-0.5", "--packed", "--safetensors", "--images", "8")
    assert done.returncode == 0, done.stderr
    assert "packed: reading it back" in done.stderr
    folder = exportable.run("prune-0.5").exports
    names = {f"small-prune-0.5.{kind}" for kind in ("packed", "safetensors")}
    assert {path.name for path in folder.iterdir()} == names | {f"{name}.json" for name in names}
    assert all(str(folder / name) in done.stdout for name in names)
    shown = medtui("runs", "show", "small/prune-0.5", "--runs-dir", str(exportable.path.parent))
    assert "safetensors" in shown.stdout
    assert "max logit diff" in shown.stdout
    assert "\non test; " in shown.stdout
    record = folder / "small-prune-0.5.packed.json"
    other = json.loads(record.read_text()) | {"conditions": {"threads": "7"}}
    record.write_text(json.dumps(other))
    shown = medtui("runs", "show", "small/prune-0.5", "--runs-dir", str(exportable.path.parent))
    assert "packed: threads 7" in shown.stdout
    assert "safetensors: processor " in shown.stdout


def test_json_is_one_object_a_file(export, tmp_path):
    """Programs get the path and all that was measured; the folder can be chosen."""
    done = export("reference", "--safetensors", "--json", "--quiet", "-o", str(tmp_path / "out"))
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert found["path"] == str(tmp_path / "out" / "small-reference.safetensors")
    assert Path(found["path"]).stat().st_size == found["num_bytes"]
    assert found["comparisons"][0]["max_logit_difference"] < 1e-5
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["unfinished"], 2, "small/unfinished is not finished"),
        (["small"], 2, "only a single run can be exported"),
        (["no-such-run"], 2, "no study or run named `no-such-run`"),
    ],
)
def test_what_cannot_be_exported_is_told_in_a_sentence(export, arguments, code, told):
    """The exit code says whose fault it is; stdout stays empty."""
    done = export(*arguments, "--quiet")
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_package_is_named_with_its_cure(exportable, tmp_path):
    """The other formats are written all the same."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'torchao' else find(name, *rest)\n"
    )
    done = subprocess.run(
        [
            sys.executable, "-m", "medtui", "export", "reference", "--int8", "--safetensors",
            "--no-timing", "--images", "4", "--runs-dir", str(exportable.path.parent),
            "-o", str(tmp_path / "out"),
        ],
        capture_output=True, text=True, check=False, timeout=240,
        env=os.environ | {"PYTHONPATH": f"{hidden}:{REPOSITORY}"},
    )  # fmt: skip
    assert done.returncode == 3
    assert "--int8 needs torchao, which is not installed." in done.stderr
    assert "pip install 'medtui[export]'" in done.stderr
    assert "small-reference.safetensors" in done.stdout


def test_ctrl_c_leaves_nothing_behind(exportable, tmp_path):
    """A file that was being written is gone, the exit code is an interruption's."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "medtui", "export", "reference", "--onnx",
            "--runs-dir", str(exportable.path.parent), "-o", str(tmp_path / "out"),
        ],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("onnx: writing"):
            break
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=240)
    assert process.returncode == 130, stderr
    assert stdout == ""
    assert list((tmp_path / "out").iterdir()) == []


def test_a_stop_that_was_swallowed_takes_effect_at_the_next_step():
    """An exporter that catches everything may catch the signal's exception as well."""
    stop = StopRequest()
    stop.check()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with suppress(KeyboardInterrupt):
            stop.handle(signal.SIGINT, None)
        with pytest.raises(KeyboardInterrupt):
            stop.check()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def scripts() -> dict[str, str]:
    """Return the documentation's scripts by name."""
    blocks = re.findall(r"```python\n(# (\S+)\n.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return {name: text for text, name in blocks}


@pytest.mark.parametrize(
    ("kind", "script"),
    [("onnx", "classify.py"), pytest.param("pt2", "classify_pt2.py", marks=pytest.mark.slow)],
)
def test_the_documented_script_gives_the_runs_own_answer(
    export, exportable, tmp_path, kind, script
):
    """A test image, as a file, is called what the run called it."""
    done = export("reference", f"--{kind}", "--images", "4", "-o", str(tmp_path))
    assert done.returncode == 0, done.stderr
    (tmp_path / script).write_text(scripts()[script])
    dataset = open_dataset(parse_preset(PRESET, "small").data)
    stored = read_predictions(exportable.reference.predictions).splits["val"]
    answers = [dataset.classes[row] for row in stored.logits_NK.argmax(axis=1)]
    for row in (answers.index("Uninfected"), answers.index("Parasitized")):
        Image.fromarray(dataset.val.images_NHWC[row]).save(tmp_path / "cell.png")
        said = subprocess.run(
            [sys.executable, script, f"small-reference.{kind}", "cell.png"],
            cwd=tmp_path, capture_output=True, text=True, check=True, timeout=240,
        )  # fmt: skip
        assert said.stdout.strip() == answers[row]
    assert np.unique(answers).size == 2
