"""Heads fitted on embeddings in seconds: logistic regression by L-BFGS, or linear and MLP heads by mini-batches."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from clfcore.predictions import Predictions
from clfcore.resolved_config import ResolvedRecipe
from clfcore.task import Task
from clfcore.training import embedding_rows
from clfcore.training.embedding_rows import Rows, Standardization
from clfcore.training.loop import Epoch, Function, State, Step, train
from clfcore.training.optimizer import hits_of, loss_of, new_state, parameter_groups, rate_at, steps_of

# Strong to weak, each from the last solution; validation chooses. Of labels: of each one's own regression.
L2 = (1e-1, 1e-2, 1e-3, 1e-4)
L2_LABELS = (1.0, 0.3, 0.1, 0.03, 0.01)
TOLERANCE, TOLERANCE_LABELS = 1e-4, 1e-3  # shares of the objective, at least of 1: falling by less is convergence
SEARCHES = 25  # evaluations of an iteration's line search at most
Validate = Callable[[nn.Module], Predictions]


def logits_of(head: nn.Module, x: Rows) -> Tensor:
    """A head's logits of all rows, N x columns, block by block."""
    return torch.cat([head(block) for block in x.blocks()])


def fold_standardization(head: nn.Module, standard: Standardization) -> None:
    """Change the first linear layer in place, so that the head takes raw embeddings instead of standardized ones."""
    layer = next(part for part in head.modules() if isinstance(part, nn.Linear))
    with torch.no_grad():
        layer.weight.div_(torch.from_numpy(standard.deviation))
        layer.bias.sub_(layer.weight @ torch.from_numpy(standard.mean))


def divide_by_temperature(head: nn.Module, temperature: float) -> None:
    """Change the last linear layer in place, so that the logits are divided by the temperature."""
    layer = [part for part in head.modules() if isinstance(part, nn.Linear)][-1]
    with torch.no_grad():
        layer.weight.div_(temperature)
        layer.bias.div_(temperature)


def logistic(
    head: nn.Linear,
    x: Rows,
    y: Tensor,
    *,
    loss_of: Function,
    hits_of: Function,
    validate: Validate,
    iterations: int,
    labels: int = 1,
) -> Iterator[Epoch]:
    """Logistic regression (multinomial, per label or per level) by L-BFGS, in place; an Epoch after each iteration.

    x: N x D, standardized, read block by block (all logits, N x columns, are in memory); y as `Task` says. L2 goes over
    a grid, each value to convergence, starting at the solution of the stronger one; the rate of an Epoch is its L2.
    Only an Epoch at which the head has converged is a candidate, or the last where `iterations` allow no convergence.
    labels: of how many independent labels the loss is the mean; each then has a regression of its own, and the penalty
    is each one's.
    """
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    penalties, tolerance = (L2_LABELS, TOLERANCE_LABELS) if labels > 1 else (L2, TOLERANCE)
    done, solved = 0, False
    for l2 in penalties:
        # Without `max_eval` an iteration has no evaluation left for its line search, and takes any step.
        solver = torch.optim.LBFGS(
            head.parameters(), max_iter=1, max_eval=1 + SEARCHES, history_size=20, line_search_fn="strong_wolfe"
        )

        def objective(solver: torch.optim.LBFGS = solver, l2: float = l2) -> Tensor:
            solver.zero_grad()
            loss = labels * loss_of(_linear(head, x), y) + l2 / 2 * head.weight.square().sum()
            loss.backward()
            return loss

        converged, first = False, done
        while done < iterations and not converged:
            previous = solver.step(objective).item()
            done += 1
            with torch.no_grad():
                logits = logits_of(head, x)
                loss, accuracy = loss_of(logits, y).item(), hits_of(logits, y).item() / len(x)
                reached = labels * loss + l2 / 2 * head.weight.square().sum().item()
            # The first two steps find the scale, and may be short.
            converged = done > first + 2 and previous - reached < tolerance * max(1.0, abs(reached))
            solved |= converged
            last = done == iterations and not solved
            yield Epoch(done, loss, accuracy, l2, validate(head), candidate=converged or last)


class _InBlocks(torch.autograd.Function):
    """A linear layer on more rows than one block: logits N x columns, and gradients summed over the blocks."""

    @staticmethod
    def forward(context: Any, weight: Tensor, bias: Tensor, x: Rows) -> Tensor:
        context.x = x
        return torch.cat([functional.linear(block, weight, bias) for block in x.blocks()])

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:  # type: ignore[override]
        weight = torch.zeros(gradient.shape[1], context.x.width)
        rest = gradient
        for block in context.x.blocks():
            part, rest = rest[: len(block)], rest[len(block) :]
            weight += part.T @ block
        return weight, gradient.sum(0), None


def _linear(head: nn.Linear, x: Rows) -> Tensor:
    if len(x) <= embedding_rows.BLOCK:
        return head(next(iter(x.blocks())))  # type: ignore[no-any-return]  # a module's call is untyped
    return _InBlocks.apply(head.weight, head.bias, x)  # type: ignore[no-any-return, no-untyped-call]


def mini_batches(
    state: State,
    x: Rows,
    y: Tensor,
    *,
    task: Task,
    recipe: ResolvedRecipe,
    validate: Validate,
    weights: np.ndarray | None = None,
) -> Iterator[Step | Epoch]:
    """A linear or MLP head (`head_state`) trained like any network: an epoch is a pass over the embeddings.

    weights: how often each item is drawn, N that sum to 1; None: once an epoch each.
    """
    size = min(recipe.batch_size, len(x))

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        generator, n = np.random.default_rng((recipe.seed, epoch)), len(x)
        drawn = generator.permutation(n) if weights is None else generator.choice(n, size=n, p=weights)
        parts = np.split(drawn, range(size, n, size))
        for rows, values in zip(parts, x.batches(parts), strict=True):
            yield values, y[torch.from_numpy(rows)]

    yield from train(
        state,
        batches,
        loss_of=loss_of(task, recipe, y.numpy()),
        hits_of=hits_of(task),
        rate_at=rate_at(recipe, steps_of(recipe, -(-len(x) // size))),
        validate=validate,
        epochs=recipe.epochs,
    )


def head_state(head: nn.Module, recipe: ResolvedRecipe) -> State:
    """What training a head on embeddings changes; on the CPU in float32, where they are."""
    groups = parameter_groups(
        head.named_parameters(), rate=recipe.learning_rate, weight_decay=recipe.weight_decay, group="head"
    )
    return new_state(head, recipe, groups, device=torch.device("cpu"), dtype=torch.float32)
