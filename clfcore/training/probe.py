"""Heads fitted on embeddings in seconds: logistic regression by L-BFGS, or linear and MLP heads by mini-batches."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from clfcore.config import Recipe
from clfcore.predictions import Predictions
from clfcore.task import Task
from clfcore.training.loop import Epoch, State, Step, train
from clfcore.training.recipe import hits_of, loss_of, optimiser, parameter_groups, rate_at

L2 = (1e-1, 1e-2, 1e-3, 1e-4)  # strong to weak, each from the last solution; validation chooses
Function = Callable[[Tensor, Tensor], Tensor]
Validate = Callable[[nn.Module], Predictions]


def standardise(embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each dimension, D float32; a constant dimension has deviation 1."""
    mean, deviation = embeddings.mean(axis=0), embeddings.std(axis=0)
    return mean.astype(np.float32), np.where(deviation > 1e-6, deviation, 1).astype(np.float32)


def fold(head: nn.Module, mean: np.ndarray, deviation: np.ndarray) -> None:
    """Change the first linear layer in place, so that the head takes raw embeddings instead of standardised ones."""
    layer = next(part for part in head.modules() if isinstance(part, nn.Linear))
    with torch.no_grad():
        layer.weight /= torch.from_numpy(deviation)
        layer.bias -= layer.weight @ torch.from_numpy(mean)


def cool(head: nn.Module, temperature: float) -> None:
    """Change the last linear layer in place, so that the logits are divided by the temperature."""
    layer = [part for part in head.modules() if isinstance(part, nn.Linear)][-1]
    with torch.no_grad():
        layer.weight /= temperature
        layer.bias /= temperature


def logistic(
    head: nn.Linear, x: Tensor, y: Tensor, loss_of: Function, hits_of: Function, validate: Validate, *, iterations: int
) -> Iterator[Epoch]:
    """Logistic regression (multinomial, per label or per level) by L-BFGS, in place; an Epoch after each iteration.

    x: N x D float32, standardised; y as `Task` says. L2 goes over a grid that shares `iterations`, each value starting
    at the solution of the stronger one; the rate of an Epoch is its L2. Which iteration is best is the caller's choice.
    """
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    done = 0
    for place, l2 in enumerate(L2):
        share = -(-(iterations - done) // (len(L2) - place))  # what is left, shared by the values that are left
        solver = torch.optim.LBFGS(head.parameters(), max_iter=1, history_size=20, line_search_fn="strong_wolfe")

        def objective(solver: torch.optim.LBFGS = solver, l2: float = l2) -> Tensor:
            solver.zero_grad()
            loss = loss_of(head(x), y) + l2 / 2 * head.weight.square().sum()
            loss.backward()
            return loss

        before = float("inf")
        for _ in range(share):
            reached = solver.step(objective).item()
            done += 1
            with torch.no_grad():
                logits = head(x)
                loss, accuracy = loss_of(logits, y).item(), hits_of(logits, y).item() / len(x)
            yield Epoch(done, loss, accuracy, l2, validate(head))
            if before - reached < 1e-4 * max(1.0, abs(reached)):
                break  # converged: what is left of the share goes to the weaker values
            before = reached


def mini_batches(
    head: nn.Module,
    x: Tensor,
    y: Tensor,
    task: Task,
    recipe: Recipe,
    validate: Validate,
    *,
    weights: np.ndarray | None = None,
) -> Iterator[Step | Epoch]:
    """A linear or MLP head trained like any network, in place: an epoch is a pass over the embeddings.

    weights: how often each item is drawn, N that sum to 1; None: once an epoch each.
    """
    size = min(recipe.batch_size, len(x))

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        generator, n = np.random.default_rng((recipe.seed, epoch)), len(x)
        drawn = generator.permutation(n) if weights is None else generator.choice(n, size=n, p=weights)
        for rows in torch.from_numpy(drawn).split(size):
            yield x[rows], y[rows]

    groups = parameter_groups(
        head.named_parameters(), rate=recipe.learning_rate, weight_decay=recipe.weight_decay, group="head"
    )
    state = State(
        head, optimiser(recipe, groups), torch.device("cpu"), gradient_clip=recipe.gradient_clip, seed=recipe.seed
    )
    rate = rate_at(recipe, -(-len(x) // size))
    yield from train(
        state, batches, loss_of(task, recipe, y.numpy()), hits_of(task), rate, validate, epochs=recipe.epochs
    )
