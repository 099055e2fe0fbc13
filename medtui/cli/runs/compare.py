"""`medtui runs compare`: compares finished runs in a table."""

import sys
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from medtui.cli import options
from medtui.cli.runs import compare_options
from medtui.errors import UsageError
from medtui.units import plural

if TYPE_CHECKING:
    from medtui.analysis.column import Column
    from medtui.analysis.differences import Differences
    from medtui.analysis.run_record import RunRecord
    from medtui.analysis.table import Table


def compare_runs(
    ctx: typer.Context,
    targets: compare_options.Targets = None,
    columns: compare_options.Columns = "",
    wanted: compare_options.Wanted = "",
    sort: compare_options.Sort = "",
    pin: compare_options.Pin = "",
    group: compare_options.Group = "",
    probes: compare_options.Probes = False,
    hide_same: compare_options.HideSame = False,
    hurt: compare_options.Hurt = False,
    patients: compare_options.Patients = False,
    classes: compare_options.Classes = False,
    settings: compare_options.Settings = False,
    as_csv: compare_options.AsCsv = False,
    as_markdown: compare_options.AsMarkdown = False,
    as_json: options.Json = False,
    runs_dir: options.RunsDir = None,
) -> None:
    """Compare finished runs: metrics with paired differences, classes, patients, settings."""
    from medtui.analysis.differences import differences_of_all
    from medtui.analysis.run_tables import runs_table
    from medtui.analysis.sorting import sort_runs

    folder = options.readable_runs_dir_of(ctx, runs_dir)
    entries = sort_runs(_wanted(folder, targets or [], wanted, has_probes=probes), sort)
    shown = _shown(entries, columns, hides_same=hide_same, is_data=as_csv or as_json)
    baseline = _pinned(folder, pin)
    asked = _Asked(group, classes, settings, hurt, patients)
    if asked.is_any:
        tables, problems = _asked_tables(entries, baseline, shown, asked)
        _print(tables, as_csv=as_csv, as_markdown=as_markdown, as_json=as_json)
        _warn(problems, entries)
        return
    found, problems = differences_of_all(entries, baseline)
    if as_json:
        _print_objects(entries, shown, found)
    else:
        _print([runs_table(entries, shown, found)], as_csv=as_csv, as_markdown=as_markdown)
    _warn(problems, entries)


@dataclass(frozen=True)
class _Asked:
    """Which tables are shown in place of that of the runs."""

    group: str
    """Columns by which runs are grouped; empty for no table of groups."""
    has_classes: bool
    has_settings: bool
    has_subgroups: bool
    has_patients: bool

    @property
    def is_any(self) -> bool:
        return any(astuple(self))


def _wanted(
    runs_dir: Path, targets: Sequence[str], wanted: str, *, has_probes: bool
) -> "list[RunRecord]":
    """Return the finished runs that a filter keeps.

    Raises:
        UsageError: there is none, or the filter is wrong.
    """
    from medtui.analysis.filters import parse_filter

    holds = parse_filter(wanted)
    finished = _entries(runs_dir, targets)
    entries = [entry for entry in finished if holds(entry)]
    if finished and not entries:
        raise UsageError(
            f"The filter `{wanted}` leaves none of {plural(len(finished), 'finished run')}.",
            hint="Show their columns with --columns, or change the filter.",
        )
    entries = entries if has_probes else _leave_out_probes(entries, targets)
    if not entries:
        raise UsageError(
            "There is no finished run to compare.", hint="List all runs with `medtui runs list`."
        )
    return entries


def _shown(
    entries: "Sequence[RunRecord]", names: str, *, hides_same: bool, is_data: bool
) -> "list[Column]":
    """Return the columns of the table; those for people name the positive class."""
    from medtui.analysis.column_choice import differing, usual_columns, with_positive_class
    from medtui.analysis.columns import columns_named

    shown = columns_named(names) if names else usual_columns(entries)
    shown = differing(shown, entries) if hides_same else shown
    return list(shown if is_data else with_positive_class(shown, entries))


def _warn(problems: "Sequence[str]", entries: "Sequence[RunRecord]") -> None:
    """Write a line to stderr for each comparison that failed, and for each file that is damaged."""
    from medtui.analysis.run_record import problems_of

    for problem in dict.fromkeys([*problems, *problems_of(entries)]):
        print(f"medtui: {problem}", file=sys.stderr)


def _entries(runs_dir: Path, targets: Sequence[str]) -> "list[RunRecord]":
    from medtui.analysis.run_record import all_runs, read_run_records
    from medtui.cli.run_lookup import find_target
    from medtui.runs.utf8_names import unreadable_names

    folders = [] if targets else all_runs(runs_dir)
    for name in targets:
        target = find_target(runs_dir, name)
        folders += target.runs()
    entries, problems = read_run_records(dict.fromkeys(folders))
    for problem in (*problems, *(() if targets else unreadable_names(runs_dir))):
        print(f"medtui: {problem}", file=sys.stderr)
    if left_out := len(dict.fromkeys(folders)) - len(entries) - len(problems):
        print(f"{plural(left_out, 'run')} left out: not finished", file=sys.stderr)
    return entries


def _leave_out_probes(entries: "list[RunRecord]", targets: Sequence[str]) -> "list[RunRecord]":
    """Return the full-fidelity runs, and the low-fidelity runs that were named."""
    from medtui.analysis.low_fidelity import describe_low_fidelity, split_by_fidelity

    _, probes = split_by_fidelity(entries)
    unnamed = [probe for probe in probes if not _is_named(probe, targets)]
    if unnamed:
        print(
            f"{describe_low_fidelity(unnamed)} left out; show them with --low-fidelity",
            file=sys.stderr,
        )
    return [entry for entry in entries if entry not in unnamed]


def _is_named(entry: "RunRecord", targets: Sequence[str]) -> bool:
    """Return whether a target names the run: by path, as `study/run`, or by its name alone."""
    names = {entry.folder.name, entry.folder.full_name}
    return any(name in names or Path(name).resolve() == entry.folder.path for name in targets)


def _pinned(runs_dir: Path, name: str) -> "RunRecord | None":
    if not name:
        return None
    found = _entries(runs_dir, [name])
    if len(found) != 1:
        raise UsageError(f"--pin {name}: one finished run is needed.")
    return found[0]


def _asked_tables(
    entries: "list[RunRecord]",
    pin: "RunRecord | None",
    columns: "Sequence[Column]",
    asked: _Asked,
) -> "tuple[list[Table], list[str]]":
    """Return the tables, and why some of them lack something."""
    from medtui.analysis.differences import differences_of_all
    from medtui.analysis.group_tables import groups_table
    from medtui.analysis.groups import group_runs
    from medtui.analysis.run_record import task_of
    from medtui.analysis.run_tables import classes_table, settings_table
    from medtui.analysis.subgroup_analysis import analyse_all
    from medtui.analysis.subgroup_tables import analysis_tables, patients_table
    from medtui.metrics import class_metric

    tables, problems = list["Table"](), list[str]()
    if asked.group:
        keys = asked.group.replace(",", " ").split()
        found, problems = differences_of_all(entries, pin)
        tables.append(groups_table(group_runs(entries, keys), columns, found, pin))
    if asked.has_classes:
        tables.append(classes_table(entries, class_metric(task_of(entries))))
    if asked.has_settings:
        tables.append(settings_table(entries))
    if asked.has_subgroups or asked.has_patients:
        analyses, unanalysed = analyse_all(entries, pin)
        problems += [each for each in unanalysed if each not in problems]
        tables += analysis_tables(analyses) if asked.has_subgroups else []
        tables += [
            patients_table(each) for each in analyses if asked.has_patients and each.patients
        ]
        if asked.has_patients and any(not each.patients for each in analyses):
            problems.append("patients are unknown; there is no table by patient")
    return tables, problems


def _print(
    tables: "list[Table]", *, as_csv: bool, as_markdown: bool, as_json: bool = False
) -> None:
    from medtui.analysis.table import table_csv, table_markdown
    from medtui.cli.json_lines import print_object
    from medtui.cli.show.table_keys import json_row
    from medtui.cli.table import render_table
    from medtui.units import MISSING

    for at, table in enumerate(tables):
        if as_json:
            for row, cells in enumerate(table.rows):
                named = json_row(table.headers, cells)
                if table.positive_classes:
                    named["positive_class"] = table.positive_classes[row]
                if table.objects:
                    named = {key: text for key, text in named.items() if text != MISSING}
                further = table.objects[row] if table.objects else {}
                print_object({"sheet": table.title, **named, "mark": table.mark_of(row), **further})
        elif as_csv:
            print(table_csv(table), end="\n" if at < len(tables) - 1 else "")
        elif as_markdown:
            title = f"### {table.title}\n\n" if len(tables) > 1 else ""
            print(f"{title}{table_markdown(table)}")
        else:
            print(f"{table.title}\n" if len(tables) > 1 else "", end="")
            print(render_table(table.shown, table.rows, num_keys=table.num_keys))
            print(f"{table.note}\n" if table.note else "")


def _print_objects(
    entries: "list[RunRecord]", columns: "Sequence[Column]", found: "dict[str, Differences]"
) -> None:
    from medtui.cli.json_lines import print_object
    from medtui.cli.show.changes import change_objects, verdict_object
    from medtui.metrics import primary_metric

    for entry in entries:
        values: dict[str, Any] = {column.json_key: column.read(entry) for column in columns}
        task = entry.result.task
        values |= {"task": task, "primary_metric": primary_metric(task).name}
        positive = entry.result.positive
        values["positive_class"] = positive.name if positive else None
        values |= {"is_probe": entry.is_probe, "chosen": entry.is_chosen}
        if entry.key in found:
            values |= change_objects(found[entry.key])
            values |= verdict_object(entry, found[entry.key])
        print_object({"run": entry.key, **values})
