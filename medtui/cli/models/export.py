"""`medtui export`: a finished run's model as files for other programs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medtui.cli import options
from medtui.user_folders import expand_home

if TYPE_CHECKING:
    from medtui.protocol.export import FormatName


def _flag(name: str, what: str) -> object:
    return typer.Option(f"--{name}", help=what)


FinishedRun = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A finished run.", autocompletion=options.complete_target),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="DIR",
        file_okay=False,
        help="Destination folder [default: the run's exports/].",
    ),
]
Opset = Annotated[
    int, typer.Option("--opset", min=18, max=21, help="Operator set of the ONNX file.")
]
IrVersion = Annotated[
    int,
    typer.Option(
        "--ir-version",
        min=8,
        max=10,
        help="IR version of the ONNX file; older versions of onnxruntime need a lower one.",
    ),
]
Images = Annotated[
    int,
    typer.Option(
        "--images",
        min=0,
        help="Images of val and of test on which each file is validated; 0 uses all.",
    ),
]
MaxDrop = Annotated[
    float,
    typer.Option(
        "--max-drop",
        min=0.0,
        max=1.0,
        help="Maximum allowed drop in the validation metric for int8 (0.02 = 2 points).",
    ),
]
Timing = Annotated[
    bool, typer.Option("--timing/--no-timing", help="Measure latency next to the reference.")
]


def export(
    ctx: typer.Context,
    target: FinishedRun,
    onnx: Annotated[bool, _flag("onnx", "ONNX, float32, any batch size.")] = False,
    pt2: Annotated[bool, _flag("pt2", "torch.export, float32, any batch size.")] = False,
    int8: Annotated[bool, _flag("int8", "int8 for x86 processors, as a .pt2.")] = False,
    int8_onnx: Annotated[
        bool, _flag("int8-onnx", "int8 as ONNX, for onnxruntime without a compiler.")
    ] = False,
    packed: Annotated[bool, _flag("packed", "Nonzero weights and a bit mask.")] = False,
    safetensors: Annotated[bool, _flag("safetensors", "The weights alone.")] = False,
    shrink: Annotated[bool, _flag("shrink", "Remove empty filters and neurons first.")] = False,
    output: Output = None,
    opset: Opset = 20,
    ir_version: IrVersion = 10,
    images: Images = 2000,
    max_drop: MaxDrop = 0.02,
    threads: options.Threads = 0,
    timing: Timing = True,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Export a finished run's model; each file is read back and validated against the run.

    The default format is ONNX. A file whose outputs differ from the run's is not kept.
    """
    from medtui.cli.models.export_process import export_target
    from medtui.protocol.export import ExportPlan

    plan = ExportPlan(
        _formats(
            onnx=onnx, pt2=pt2, int8=int8, int8_onnx=int8_onnx, packed=packed,
            safetensors=safetensors,
        ),
        str(expand_home(output).resolve()) if output else "", is_shrunk=shrink,
        num_images=images, max_drop=max_drop, threads=threads, with_timing=timing,
        opset=opset, ir_version=ir_version,
    )  # fmt: skip
    folder = options.runs_dir_of(ctx, runs_dir)
    raise typer.Exit(export_target(folder, target, plan, as_json=as_json, is_quiet=quiet))


def _formats(
    *, onnx: bool, pt2: bool, int8: bool, int8_onnx: bool, packed: bool, safetensors: bool
) -> list["FormatName"]:
    """Return the formats that were asked for: ONNX where none was."""
    asked: dict[FormatName, bool] = {
        "onnx": onnx or not (pt2 or int8 or int8_onnx or packed or safetensors),
        "pt2": pt2,
        "int8": int8,
        "int8-onnx": int8_onnx,
        "packed": packed,
        "safetensors": safetensors,
    }
    return [name for name, is_asked in asked.items() if is_asked]
