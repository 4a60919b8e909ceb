"""Heads fitted on embeddings in seconds: logistic regression by L-BFGS, its L2 chosen on validation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from clfcore.task import Task

L2 = (1e-4, 1e-3, 1e-2, 1e-1)  # tried from strong to weak, each from the last solution


@dataclass(frozen=True, eq=False)
class Fitted:
    """One L-BFGS iteration: its number from 1, its L2, mean training loss and the linear layer it reached (D -> columns)."""

    iteration: int
    l2: float
    loss: float
    weight: Tensor  # columns x D, for standardised embeddings
    bias: Tensor


def standardise(embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each dimension, D float32; a constant dimension has deviation 1."""
    mean, deviation = embeddings.mean(axis=0), embeddings.std(axis=0)
    return mean.astype(np.float32), np.where(deviation > 1e-6, deviation, 1).astype(np.float32)


def folded(weight: Tensor, bias: Tensor, mean: np.ndarray, deviation: np.ndarray) -> nn.Linear:
    """The linear layer on raw embeddings that equals this one on standardised embeddings."""
    mean_, deviation_ = torch.from_numpy(mean), torch.from_numpy(deviation)
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        layer.weight.copy_(weight / deviation_)
        layer.bias.copy_(bias - (weight / deviation_) @ mean_)
    return layer


def logistic(
    x: Tensor, y: Tensor, task: Task, loss_of: Callable[[Tensor, Tensor], Tensor], *, iterations: int
) -> Iterator[Fitted]:
    """Multinomial (or per-label) logistic regression by L-BFGS with L2 on the weights; yields after each iteration.

    x: N x D float32, standardised; y as `Task` says. The grid of L2 shares `iterations`: each value starts at the solution
    of the stronger one. Which iteration is best is the caller's choice, on validation.
    """
    weight = torch.zeros(task.columns, x.shape[1], requires_grad=True)
    bias = torch.zeros(task.columns, requires_grad=True)
    done = 0
    for place, l2 in enumerate(sorted(L2, reverse=True)):
        share = (iterations - done) // (len(L2) - place)
        solver = torch.optim.LBFGS([weight, bias], max_iter=1, history_size=20, line_search_fn="strong_wolfe")

        def objective(solver: torch.optim.LBFGS = solver, l2: float = l2) -> Tensor:
            solver.zero_grad()
            loss = loss_of(x @ weight.T + bias, y) + l2 / 2 * weight.square().sum()
            loss.backward()
            return loss

        before = float("inf")
        for _ in range(share):
            loss = float(solver.step(objective))
            done += 1
            yield Fitted(done, l2, loss, weight.detach().clone(), bias.detach().clone())
            if before - loss < 1e-5 * max(1.0, abs(loss)):
                break  # converged: the rest of the share goes to the weaker ones
            before = loss
