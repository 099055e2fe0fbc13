"""Condensa's L-C loop, rewritten so that it can be observed, stopped, checkpointed and resumed.

`condensa.opt.LC.compress` is a single function without hooks, so `LC` overrides it. Its operations
keep their order and their arithmetic: given the same loaders, model and seed, theta, losses and
statistics equal stock Condensa's bit for bit on a CPU. One cycle is

    L step   w      <- SGD on loss(w) + mu/2 * ||w - theta - lm/mu||^2   (cycle 0: none)
    C step   theta  <- projection of w - lm/mu onto the compressed models
    measure  theta on val, test and optionally train; keep it if its val loss is the lowest
    update   lm     <- lm - mu * (w - theta); mu grows geometrically up to its cap

What differs from stock Condensa: the best theta is selected on val only, and statistics of the
train and test splits can be skipped. Neither changes w, theta or lm.
Sources: condensa/opt/lc/lc.py, version 0.5.0b0; Carreira-Perpinan 2017, arXiv 1707.01209.
"""

import math
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import condensa.opt
import torch
from condensa.lr import DecayedLR, ExpDecayedLR, IntervalLR
from condensa.opt.lc.lc import record_mode
from torch import Tensor, nn

from medtui.engine.lc.sgd import ForeachSgd, InPlaceSgd, compressed_names
from medtui.engine.lc.state import (
    Batches,
    Criterion,
    CycleMeasurement,
    LcCallbacks,
    LcState,
    Projection,
    Statistics,
)

Step = Callable[[LcState, Tensor, Tensor, Criterion], Tensor]
"""Updates w on a minibatch of inputs and targets; returns its loss, 0-d and detached."""


def exact_step(state: LcState, inputs: Tensor, targets: Tensor, criterion: Criterion) -> Tensor:
    """Update w on a minibatch with Condensa's own operations."""
    loss = criterion(state.w(inputs), targets)
    state.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call] # torch's own
    state.optimizer.step(state.lr, state.mu, state.theta, state.lm)
    return loss.detach()


class LC(condensa.opt.LC):  # type: ignore[misc] # Condensa ships no types
    """Condensa's L-C engine with callbacks, and with `restore` to resume within a cycle."""

    def __init__(
        self,
        *,
        callbacks: LcCallbacks,
        device: torch.device,
        restore: Callable[[LcState], None] | None = None,
        test_every: int = 1,
        first_eligible: int = 0,
        step: Step = exact_step,
        **hyper_parameters: Any,  # noqa: ANN401 - Condensa's own, passed through
    ) -> None:
        optimiser = ForeachSgd if device.type == "cuda" else InPlaceSgd
        super().__init__(**({"l_optimizer": optimiser} | hyper_parameters))
        self.device = device
        self._callbacks = callbacks
        self._restore = restore
        self._test_every = test_every
        self._first_eligible = first_eligible
        self._step = step

    def compress(
        self,
        w: nn.Module,
        pi: Projection,
        delta: Projection,
        trainloader: Batches,
        testloader: Batches | None,
        valloader: Batches | None,
        loss_fn: Criterion,
    ) -> tuple[nn.Module, dict[str, Any]]:
        """Run the remaining cycles; return the best theta and Condensa's statistics."""
        began = time.monotonic()
        state = self._begin(w.to(self.device), pi)
        # Val first: in multi-label tasks its decision thresholds are applied to the other splits.
        loaders = {"val": valloader, "train": trainloader, "test": testloader}
        while state.cycle < self.steps:
            self._l_step(state, trainloader, loss_fn)
            self._c_step(state, pi)
            self._callbacks.prepare(state)
            self._measure(state, loaders, loss_fn)
            delta(state.theta)
            self._multiplier_step(state)
            self._end_cycle(state)
        return state.best, self._statistics(state, loaders, time.monotonic() - began)

    def _begin(self, w: nn.Module, pi: Projection) -> LcState:
        # In record mode `pi` only marks the parameters that it would compress.
        with record_mode():
            pi(w)
        theta, lm = deepcopy(w), deepcopy(w)
        self.zero_(theta)
        self.zero_(lm)
        optimizer = self.l_optimizer(w, lr=self.lr, **self.l_optimizer_params)
        state = LcState(w, theta, lm, deepcopy(w), optimizer, lr=self.lr)
        if self._restore is not None:
            self._restore(state)
        return state

    def _l_step(self, state: LcState, trainloader: Batches, loss_fn: Criterion) -> None:
        num_steps = self._num_steps(state.cycle)
        schedule = self._inner_schedule(state, num_steps)
        state.w.train()
        batches: Iterator[tuple[Tensor, Tensor]] = iter(trainloader)
        while state.step < num_steps:
            try:
                inputs, targets = next(batches)
            except StopIteration:
                batches = iter(trainloader)
                inputs, targets = next(batches)
            loss = self._step(state, inputs, targets, loss_fn)
            if schedule is not None:
                schedule.step()
                state.lr = float(schedule.learning_rate)
            state.step += 1
            self._callbacks.stepped(state, loss, len(inputs))
        state.w.eval()

    def _num_steps(self, cycle: int) -> int:
        """Return the length of a cycle's L step; cycle 0 compresses directly."""
        if cycle == 0:
            return 0
        return int(self.mb_iterations_first_l if cycle == 1 else self.mb_iterations_per_l)

    def _outer_lr(self, cycle: int) -> float:
        """Return the learning rate at a cycle's first step, by Condensa's own schedules."""
        schedule: Any = None
        if self.lr_decay is not None:
            schedule = ExpDecayedLR(self.lr, self.lr_decay)
        elif self.lr_schedule is not None:
            schedule = DecayedLR(self.lr, self.lr_schedule, self.lr_multiplier)
        if schedule is None:
            return float(self.lr)
        for _ in range(cycle):
            schedule.step()
        return float(schedule.learning_rate)

    def _inner_schedule(self, state: LcState, num_steps: int) -> IntervalLR | None:
        """Set `state.lr` for the next step; return the schedule of the remaining steps.

        Condensa's schedules cannot start in the middle. For a cycle that is resumed, the completed
        steps are replayed, which gives the same floating-point numbers.
        """
        state.lr = self._outer_lr(state.cycle)
        if self.lr_end is None or num_steps == 0:
            return None
        schedule = IntervalLR(state.lr, self.lr_end, num_steps)
        for _ in range(state.step):
            schedule.step()
        state.lr = float(schedule.learning_rate)
        return schedule

    def _c_step(self, state: LcState, pi: Projection) -> None:
        state.theta.load_state_dict(state.w.state_dict())
        # Without a penalty (mu = 0) there is no multiplier term: theta is w, projected.
        if state.mu > 0:
            with record_mode():
                pi(state.theta)
            for w, theta, lm in _compressed(state):
                target = lm.data / state.mu
                torch.sub(w.detach(), target, out=target)
                # Condensa's projections call `view`, which fails on channels-last memory.
                theta.data = target.contiguous()
        pi(state.theta)

    def _measure(
        self, state: LcState, loaders: dict[str, Batches | None], loss_fn: Criterion
    ) -> None:
        statistics: Callable[..., Statistics] = self.debugging_flags["custom_model_statistics"]
        skipped = set()
        if self.debugging_flags.get("disable_train_stats", False):
            skipped.add("train")
        if state.cycle % self._test_every and state.cycle != self.steps - 1:
            skipped.add("test")
        found: dict[str, Statistics | None] = {
            split: None
            if loader is None or split in skipped
            else statistics(state.theta, loss_fn, loader)
            for split, loader in loaders.items()
        }
        losses = (state.train_losses, state.val_losses, state.test_losses)
        for split, history in zip(("train", "val", "test"), losses, strict=True):
            if (measured := found[split]) is not None:
                history.append(measured[0])
        is_eligible = state.cycle >= self._first_eligible
        is_best = is_eligible and self._keep_best(state, found["val"])
        self._callbacks.measured(
            state,
            CycleMeasurement(
                found["train"], found["val"], found["test"], constraint_gap(state), is_best
            ),
        )

    @staticmethod
    def _keep_best(state: LcState, val: Statistics | None) -> bool:
        """Store theta as `best` if its val loss is the lowest so far; test is never used."""
        if val is None or not val[0] < state.best_loss:  # a NaN loss is never the lowest
            return False
        state.best_loss, state.best_cycle = val[0], state.cycle
        state.best = deepcopy(state.theta)
        return True

    @staticmethod
    def _multiplier_step(state: LcState) -> None:
        if state.mu > 0:
            for w, theta, lm in _compressed(state):
                lm.data = lm.data - state.mu * (w.detach() - theta.data)

    def _end_cycle(self, state: LcState) -> None:
        state.optimizer.reset_state()
        state.mu = self._update_mu(state.mu, self.mu_init, self.mu_multiplier, self.mu_cap)
        state.cycle += 1
        state.step = 0
        self._callbacks.cycle_ended(state)

    def _statistics(
        self, state: LcState, loaders: dict[str, Batches | None], seconds: float
    ) -> dict[str, Any]:
        statistics = dict(self._engine_config) | {"elapsed_lc": seconds}
        statistics["train_losses"] = state.train_losses
        if loaders["val"] is not None:
            statistics["val_losses"] = state.val_losses
        if loaders["test"] is not None:
            statistics["test_losses"] = state.test_losses
        return statistics


def constraint_gap(state: LcState) -> float:
    """Return the constraint violation ||w - theta|| / ||w|| over compressed parameters.

    Sums in float64: float32 sums over 11 million squares lose the small distances of late cycles.
    The layers' sums are copied from a GPU at once.
    """
    sums = [
        each.square().sum(dtype=torch.float64)
        for w, theta, _ in _compressed(state)
        for each in (w.detach() - theta.detach().float(), w.detach())
    ]
    distance = norm = 0.0
    for of_distance, of_norm in torch.stack(sums).view(-1, 2).tolist() if sums else []:
        distance += of_distance
        norm += of_norm
    return math.sqrt(distance / norm) if norm else 0.0


def _compressed(state: LcState) -> Iterator[tuple[nn.Parameter, nn.Parameter, nn.Parameter]]:
    names = compressed_names(state.theta)
    thetas, lms = dict(state.theta.named_parameters()), dict(state.lm.named_parameters())
    for name, w in state.w.named_parameters():
        if name in names:
            yield w, thetas[name], lms[name]
