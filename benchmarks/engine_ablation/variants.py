"""The variants from stock Condensa to the fast mode; each adds one change to the previous one."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import condensa
import torch
from torch import nn

from benchmarks.engine_ablation.baseline import compress_arrays, compress_files
from benchmarks.engine_ablation.workload import DENSITY, EVALUATION_BATCH, ImageCounts, Workload
from medtui.engine.lc.cuda_graph import FastStep
from medtui.engine.lc.fast_mode import fast_mode_arguments
from medtui.engine.lc.loop import LC
from medtui.engine.lc.sgd import ForeachSgd, InPlaceSgd
from medtui.engine.lc.state import CycleMeasurement, LcState
from medtui.engine.precision import EXACT, Precision, native_precision, study_precision
from medtui.engine.pruning.schemes import build_scheme
from medtui.engine.run.device import configure_torch
from medtui.engine.training.evaluation import Evaluator
from medtui.preset import named_schemes, precision_from_environment
from medtui.preset.computing import FAST_TEST_EVERY


@dataclass(frozen=True)
class Variant:
    """A variant that can be run."""

    name: str
    what: str
    run: Callable[[Workload, ImageCounts], nn.Module]
    """Runs the plan's work; returns the trained w."""
    is_exact: bool = False
    """Whether its w must equal that of the other exact variants, bit for bit."""
    is_stock: bool = False
    """Whether torch's default settings apply, as without medtui."""
    evaluates_all: bool = True
    """Whether it evaluates all three splits each cycle, like stock Condensa."""
    needs_gpu: bool = False


class _NoCallbacks:
    """Callbacks that do nothing, so that only the engine is measured."""

    def prepare(self, state: LcState) -> None: ...

    def stepped(self, state: LcState, loss: torch.Tensor, num_images: int) -> None: ...

    def measured(self, state: LcState, measured: CycleMeasurement) -> None: ...

    def cycle_ended(self, state: LcState) -> None: ...


def _engine(
    work: Workload,
    counts: ImageCounts,
    *,
    with_train_split: bool,
    precision: Precision = EXACT,
    **options: Any,  # noqa: ANN401 - LC's own, passed through
) -> nn.Module:
    """Run medtui's L-C; like stock Condensa, it evaluates w before the first cycle."""
    train = work.train_batches(counts)
    train_in_order, val, test = (
        work.evaluation_batches(split, counts, EVALUATION_BATCH)
        for split in ("train", "val", "test")
    )
    evaluator = Evaluator("single", work.device, val, precision)  # type: ignore[arg-type] # counts as its batches

    def statistics(model: nn.Module, criterion: Any, loader: Any) -> Any:  # noqa: ANN401 - as Condensa calls it
        return evaluator(model, criterion, train_in_order if loader is train else loader)

    w = work.network()
    for loader in [val, test, *([train] if with_train_split else [])]:
        statistics(w, work.criterion, loader)
    engine = LC(
        callbacks=_NoCallbacks(),
        device=work.device,
        **work.hyper_parameters(),
        debugging_flags={
            "custom_model_statistics": statistics,
            "disable_train_stats": not with_train_split,
        },
        **options,
    )
    scheme = build_scheme(named_schemes()["Prune"], DENSITY, None)
    condensa.Compressor(engine, scheme, w, train, test, val, work.criterion).run()
    return w


def _fast(work: Workload, counts: ImageCounts, *, is_graphed: bool) -> nn.Module:
    precision = fast_precision(work.device)
    options = fast_mode_arguments(work.device, precision, _print_warning)
    if not is_graphed:
        options["step"] = FastStep(precision)
    return _engine(
        work,
        counts,
        with_train_split=False,
        precision=precision,
        test_every=FAST_TEST_EVERY,
        **options,
    )


def fast_precision(device: torch.device) -> Precision:
    """Return the precision of a study in fast mode: of the environment, or the hardware's own."""
    return study_precision(device, precision_from_environment() or native_precision(device))


def _print_warning(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _our_update(work: Workload) -> type[InPlaceSgd | ForeachSgd]:
    return ForeachSgd if work.device.type == "cuda" else InPlaceSgd


VARIANTS = (
    Variant(
        "A1", "stock Condensa, original PNGs",
        lambda work, counts: compress_files(work, work.files.original, counts), is_stock=True,
    ),
    Variant(
        "A2", "stock Condensa, resized PNGs",
        lambda work, counts: compress_files(work, work.files.resized, counts), is_stock=True,
    ),
    Variant(
        "A3", "stock Condensa, medtui's batches", compress_arrays,
        is_exact=True, is_stock=True,
    ),
    Variant(
        "B0", "A3 with medtui's update rule",
        lambda work, counts: compress_arrays(work, counts, _our_update(work)),
        is_exact=True, is_stock=True,
    ),
    Variant(
        "B1", "medtui, exact, the same evaluations",
        lambda work, counts: _engine(work, counts, with_train_split=True), is_exact=True,
    ),
    Variant(
        "B2", "B1 without the train split's",
        lambda work, counts: _engine(work, counts, with_train_split=False),
        is_exact=True, evaluates_all=False,
    ),
    Variant(
        "B3", "medtui, fast mode",
        lambda work, counts: _fast(work, counts, is_graphed=False), evaluates_all=False,
    ),
    Variant(
        "B4", "B3 with a CUDA graph",
        lambda work, counts: _fast(work, counts, is_graphed=True),
        evaluates_all=False, needs_gpu=True,
    ),
)  # fmt: skip


def set_up(variant: Variant, device: torch.device, threads: int) -> None:
    """Set torch's options as the variant would have them in a process of its own."""
    configure_torch(device, threads)
    if variant.is_stock:
        torch.use_deterministic_algorithms(mode=False)
        torch.backends.cudnn.deterministic = False
        torch.backends.cudnn.allow_tf32 = True
