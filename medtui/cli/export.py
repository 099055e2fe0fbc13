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


def export(
    ctx: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="A finished run.", autocompletion=options.complete_target
        ),
    ],
    onnx: Annotated[bool, _flag("onnx", "ONNX, float32, any batch size.")] = False,
    pt2: Annotated[bool, _flag("pt2", "torch.export, float32, any batch size.")] = False,
    int8: Annotated[bool, _flag("int8", "int8 for x86 processors, as a .pt2.")] = False,
    packed: Annotated[bool, _flag("packed", "Nonzero weights and a bit mask.")] = False,
    safetensors: Annotated[bool, _flag("safetensors", "The weights alone.")] = False,
    shrink: Annotated[
        bool, typer.Option("--shrink", help="Remove empty filters and neurons first.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="DIR", file_okay=False,
            help="Destination folder [default: the run's exports/].",
        ),
    ] = None,
    opset: Annotated[
        int, typer.Option("--opset", min=18, max=21, help="Operator set of the ONNX file.")
    ] = 20,
    ir_version: Annotated[
        int,
        typer.Option(
            "--ir-version", min=8, max=10,
            help="IR version of the ONNX file; older versions of onnxruntime need a lower one.",
        ),
    ] = 10,
    images: Annotated[
        int,
        typer.Option(
            "--images", min=0,
            help="Images of val and of test on which each file is validated; 0 uses all.",
        ),
    ] = 2000,
    max_drop: Annotated[
        float,
        typer.Option(
            "--max-drop", min=0.0, max=1.0,
            help="Maximum allowed drop in the validation metric for int8 (0.02 = 2 points).",
        ),
    ] = 0.02,
    threads: Annotated[
        int, typer.Option("--threads", min=0, help="CPU threads [default: the reference's].",
                     show_default=False)
    ] = 0,
    timing: Annotated[
        bool, typer.Option("--timing/--no-timing", help="Measure latency next to the reference.")
    ] = True,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    runs_dir: options.RunsDir = None,
) -> None:  # fmt: skip
    """Export a finished run's model; each file is read back and validated against the run.

    The default format is ONNX. A file whose outputs differ from the run's is not kept.
    """
    from medtui.cli.follow.export_process import export_target
    from medtui.protocol.export import ExportPlan

    chosen: list[FormatName] = []
    if onnx or not (pt2 or int8 or packed or safetensors):
        chosen.append("onnx")
    chosen += ["pt2"] * pt2
    chosen += ["int8"] * int8
    chosen += ["packed"] * packed
    chosen += ["safetensors"] * safetensors
    plan = ExportPlan(
        chosen, str(expand_home(output).resolve()) if output else "", is_shrunk=shrink,
        num_images=images, max_drop=max_drop, threads=threads, with_timing=timing,
        opset=opset, ir_version=ir_version,
    )  # fmt: skip
    folder = options.runs_dir_of(ctx, runs_dir)
    raise typer.Exit(export_target(folder, target, plan, as_json=as_json, is_quiet=quiet))
