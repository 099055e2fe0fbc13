"""Options of `medtui runs compare`."""

from typing import Annotated

import typer

from medtui.cli import options

Targets = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="STUDY|RUN",
        help="Studies and runs [default: all of the runs folder].",
        autocompletion=options.complete_target,
    ),
]
Columns = Annotated[
    str,
    typer.Option(
        "--columns",
        metavar="NAMES",
        help="Columns, separated by commas: scheme,acc,sparse_size.",
    ),
]
Wanted = Annotated[
    str,
    typer.Option(
        "--filter",
        metavar="EXPR",
        help="Filter, for example 'scheme=Prune density<0.5 acc>90%'.",
    ),
]
Sort = Annotated[
    str,
    typer.Option(
        "--sort", metavar="COLUMN", help="Sort by a column, ascending; -COLUMN descending."
    ),
]
Pin = Annotated[
    str,
    typer.Option(
        "--pin",
        metavar="RUN",
        help="The baseline run [default: each study's control, else its reference].",
    ),
]
Group = Annotated[
    str,
    typer.Option(
        "--group",
        metavar="NAMES",
        help="Show means over seeds, grouped by columns, for example scheme,density.",
    ),
]
Probes = Annotated[
    bool,
    typer.Option("--low-fidelity", "--probes", help="Include the low-fidelity runs of searches."),
]
HideSame = Annotated[
    bool, typer.Option("--hide-same", help="Hide columns in which all runs are equal.")
]
Hurt = Annotated[
    bool,
    typer.Option(
        "--subgroups",
        "--hurt",
        help="Subgroup analysis: affected classes, patient groups and images.",
    ),
]
Patients = Annotated[
    bool,
    typer.Option(
        "--patients", help="Show each patient's right answers before and after, worst first."
    ),
]
Classes = Annotated[
    bool, typer.Option("--classes", help="Show the metrics of each class in each run.")
]
Settings = Annotated[bool, typer.Option("--settings", help="Show the settings that differ.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")]
AsMarkdown = Annotated[bool, typer.Option("--md", help="Print Markdown.")]
