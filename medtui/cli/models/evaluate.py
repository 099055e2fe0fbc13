"""`medtui evaluate`: finished models on another labelled data set, with everything frozen."""

from pathlib import Path
from typing import Annotated

import typer

from medtui.cli import options

Targets = Annotated[
    list[str],
    typer.Argument(
        metavar="STUDY|RUN...",
        help="Studies or finished runs; their controls and references are evaluated, too.",
        autocompletion=options.complete_target,
    ),
]
CardName = Annotated[
    str,
    typer.Option(
        "--card",
        metavar="CARD",
        help="A shipped data set or a card; without it, stored results are shown.",
    ),
]
Root = Annotated[str, typer.Option("--root", metavar="PATH", help="Folder or file of the images.")]
Split = Annotated[
    str, typer.Option("--split", metavar="SPLIT", help="all images, or test by the card's rule.")
]
ClassMap = Annotated[
    Path | None,
    typer.Option(
        "--map",
        metavar="FILE",
        dir_okay=False,
        help='A TOML file with [classes]: "theirs" = "the model\'s", where names differ.',
    ),
]
Name = Annotated[
    str,
    typer.Option(
        "--name", metavar="NAME", help="Name of the data set in tables [default: the card's]."
    ),
]
ModelName = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="Evaluate also the runs' shrunk models (shrunk), exported files of a format (onnx), "
        "or one exported file by its path.",
    ),
]
MetricName = Annotated[
    str,
    typer.Option(
        "--metric", metavar="METRIC", help="Metric of the tables [default: the primary one]."
    ),
]
Delete = Annotated[
    str,
    typer.Option(
        "--delete",
        metavar="NAME",
        help="Delete the results on a data set, by its name; with --model those of that model.",
    ),
]


def evaluate(
    ctx: typer.Context,
    targets: Targets,
    card: CardName = "",
    root: Root = "",
    split: Split = "all",
    class_map: ClassMap = None,
    name: Name = "",
    model: ModelName = "run",
    metric: MetricName = "",
    delete: Delete = "",
    device: options.Device = "auto",
    threads: options.Threads = 0,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Evaluate finished models on another labelled data set: what compression costs elsewhere.

    Preprocessing, thresholds and class order are each run's own. Results are stored with the runs;
    what is stored already is not computed again.
    """
    from medtui.cli.models.evaluation_process import EvaluateOptions, evaluate_targets

    asked = EvaluateOptions(
        options.runs_dir_of(ctx, runs_dir), targets, card=card, root=root, split=split,
        class_map=class_map, name=name, model=model, metric=metric, delete=delete, device=device,
        threads=threads, as_json=as_json, is_quiet=quiet,
    )  # fmt: skip
    raise typer.Exit(evaluate_targets(asked))
