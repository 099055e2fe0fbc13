"""The line of a study's ledger for a result on another data set."""

from collections.abc import Sequence

from medtui.runs.external_record import ExternalResult, folder_of
from medtui.runs.folder import RunFolder
from medtui.runs.ledger import append_look, read_ledger
from medtui.runs.ledger_lines import Look
from medtui.runs.model_choice import RUN
from medtui.storage import digest_of_file


def log_look(run: RunFolder, result: ExternalResult, command: Sequence[str]) -> None:
    """Append to the study's ledger that a stored result was looked at, unless a line says so.

    It is called for results that were stored before too: a process that was killed between its
    result and its line leaves the line to the next one.

    Raises:
        DamagedFile: the ledger is broken.
        OSError: the ledger cannot be written.
    """
    folder = folder_of(run, result.digest, result.model_name)
    results = {
        str(path.relative_to(run.study.path)): digest_of_file(path).sha256
        for path in (folder.predictions, folder.result)
    }
    if any(results.items() <= line.results.items() for line in read_ledger(run.study).lines):
        return
    name = run.model.name if result.model_name == RUN else result.model_name
    append_look(
        run.study,
        Look(
            verb="evaluate",
            command=list(command),
            run=run.name,
            split=result.split,
            site=result.site,
            inputs={f"{run.name}/{name}": result.model.sha256, "data": result.digest},
            results=results,
            outcome="evaluated",
        ),
    )
