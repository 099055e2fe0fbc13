"""`medtui predict`: a finished model's answers to images without labels."""

from pathlib import Path
from typing import Annotated

import typer

from medtui.cli import options
from medtui.user_folders import expand_home

FinishedRun = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A finished run.", autocompletion=options.complete_target),
]
Images = Annotated[
    list[str],
    typer.Argument(metavar="FOLDER|CARD|FILE...", help="A folder, a card, or image files."),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        dir_okay=False,
        help="A .csv, .parquet or .jsonl file [default: CSV on stdout].",
    ),
]
Root = Annotated[
    str, typer.Option("--root", metavar="DIR", help="Folder or file of a card's images.")
]
ModelName = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="run, shrunk, a format of the run's exports (onnx), or the path of an exported file.",
    ),
]
Threads = Annotated[
    int,
    typer.Option("--threads", min=0, help="CPU threads [default: all cores].", show_default=False),
]
Unlike = Annotated[
    bool,
    typer.Option(
        "--unlike/--no-unlike",
        help="Mark images unlike the training images. The first time, this reads the run's own "
        "data set.",
    ),
]


def predict(
    ctx: typer.Context,
    target: FinishedRun,
    images: Images,
    output: Output = None,
    root: Root = "",
    model: ModelName = "run",
    device: options.Device = "auto",
    threads: Threads = 0,
    unlike: Unlike = True,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Classify images without labels by a finished run's model.

    Each file has a row: the answer by the run's own thresholds, the probability of each class,
    whether it is unlike the training images, or why it cannot be read.
    """
    from medtui.cli.models.prediction_process import PredictOptions, predict_images

    asked = PredictOptions(
        options.runs_dir_of(ctx, runs_dir), target, images, root=root,
        output=expand_home(output) if output else None, model=model, device=device,
        threads=threads, finds_unlike=unlike, as_json=as_json, is_quiet=quiet,
    )  # fmt: skip
    raise typer.Exit(predict_images(asked))
