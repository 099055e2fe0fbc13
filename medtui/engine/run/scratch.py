"""A network with the parameters of the smallest compressed run, trained as the reference is.

It answers whether a compression beats training a small network. Its width is stored before its
training, so that a resumed run trains the same network.
"""

from functools import partial

from torch import nn

from medtui.engine.pruning.narrowing import Narrowed, NotNarrowable, manifest_of, narrow, narrow_to
from medtui.engine.run.session import Session
from medtui.engine.training.network import build_network
from medtui.engine.training.trainer import TrainingPlan, train
from medtui.errors import EnvironmentProblem
from medtui.events import Noted
from medtui.runs.folder import StudyFolder
from medtui.runs.narrowed_record import NarrowedRecord, Narrowing, read_narrowed, write_narrowed
from medtui.runs.result import read_result
from medtui.runs.run_names import names_probe


def train_from_scratch(session: Session) -> tuple[nn.Module, int, int]:
    """Return the trained network, its epoch and the number of epochs."""
    build = partial(
        build_network,
        session.preset.model.architecture,
        channels=session.dataset.channels,
        num_classes=len(session.dataset.classes),
        seed=session.preset.reference.seed,
    )
    record = read_narrowed(session.folder)
    if record is not None:
        narrowed = narrow(build, record.narrowing.width, session.image_shape)
    else:
        target, name = smallest_run(session.folder.study)
        narrowed = narrow_to(build, target, session.image_shape)
        record = _record(session, narrowed, target, name)
        write_narrowed(session.folder, record, session.log.fence)
    session.log.write(Noted(f"from scratch with {record.narrowing.sentence}"))
    plan = TrainingPlan.of_reference(session.preset)
    best, epoch = train(session, narrowed.network.to(session.device), plan)
    return best, epoch, plan.epochs


def smallest_run(study: StudyFolder) -> tuple[int, str]:
    """Return the fewest nonzero parameters of a study's finished compressions, and its name.

    Raises:
        EnvironmentProblem: none is finished, or a result cannot be read.
    """
    whole = [run for run in study.runs() if run.is_compressed and not names_probe(run.name)]
    found = [
        (result.size.num_nonzero, run.name)
        for run in whole
        if (result := read_result(run)) is not None
    ]
    if not found:
        raise EnvironmentProblem(
            f"No compression of {study.name} is finished, so the size of the network from scratch "
            "is unknown.",
            hint="Resume the study.",
        )
    return min(found)


def _record(session: Session, narrowed: Narrowed, target: int, name: str) -> NarrowedRecord:
    """Return the record of a narrowed network.

    Raises:
        NotNarrowable: the smallest run keeps every parameter.
    """
    if narrowed.width == 1:
        raise NotNarrowable(f"{name}, the smallest compression, keeps all of its parameters.")
    manifest = manifest_of(
        narrowed,
        session.preset.model.architecture,
        session.dataset.channels,
        len(session.dataset.classes),
    )
    narrowing = Narrowing(narrowed.width, narrowed.num_parameters, target, name)
    return NarrowedRecord(narrowing, manifest)
