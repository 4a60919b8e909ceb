"""Heads on embeddings: what L-BFGS offers as candidates has converged, for every task and from few images."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from clfcore.architectures.heads import make_head
from clfcore.config import Recipe
from clfcore.evaluation.metrics import score
from clfcore.predictions import Predictions
from clfcore.resolved_config import ResolvedRecipe
from clfcore.runs.best_epoch import Best
from clfcore.task import Level, Task, multi_label, single_label
from clfcore.training import embedding_rows, linear_probe
from clfcore.training.embedding_rows import HeldRows, Rows, StoredRows
from clfcore.training.loop import Epoch
from clfcore.training.losses import hits_of, loss_of, plain_loss_of

RECIPE = Recipe(epochs=100, batch_size=32, learning_rate=1e-3)


def drawn(task: Task, items: int, width: int, *, seed: int = 0, rare: float = 0.0) -> tuple[Tensor, np.ndarray]:
    """Embeddings that say something of the targets, and the targets."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(items, width)).astype(np.float32)
    scores = x @ np.random.default_rng(9).normal(size=(width, task.columns)) / width**0.5
    scores += generator.normal(0, 1.5, scores.shape)
    if task.kind == "multi-label":
        return torch.from_numpy(x), (scores > np.linspace(0.5, 2.5 + rare, task.columns)).astype(np.uint8)
    levels = [scores[:, part].argmax(axis=1) for part in task.slices]
    return torch.from_numpy(x), levels[0] if len(levels) == 1 else np.stack(levels, axis=1)


def fitted(task: Task, *, items: int, judged: int = 60, width: int = 256, iterations: int = 100, rare: float = 0.0):
    x, y = drawn(task, items, width, rare=rare)
    held, truth = drawn(task, judged, width, seed=1, rare=rare)
    head, ids = nn.Linear(width, task.columns), tuple(map(str, range(judged)))

    def validate(model: nn.Module) -> Predictions:
        with torch.inference_mode():
            return Predictions(task, "validation", ids, truth, model(held).numpy())

    targets = torch.from_numpy(y)
    labels = task.columns if task.kind == "multi-label" else 1
    loss = loss_of(task, RECIPE, y)
    return list(
        linear_probe.logistic(
            head,
            HeldRows(x),
            targets,
            loss_of=loss,
            hits_of=hits_of(task),
            validate=validate,
            iterations=iterations,
            labels=labels,
        )
    )


def chosen(events: list[Epoch], task: Task) -> tuple[Epoch, list[float]]:
    best, losses = Best(guarded=task.kind == "multi-label"), []
    for event in events:
        predictions = event.validation
        loss = plain_loss_of(task, RECIPE)(
            torch.from_numpy(predictions.logits), torch.from_numpy(predictions.targets)
        ).item()
        losses.append(loss)
        if event.candidate:
            best.improved(event.epoch, score(predictions), loss)
    return events[best.epoch - 1], losses


TASKS = {
    "single-label": single_label(["a", "b", "c"]),
    "multi-label": multi_label([f"l{i}" for i in range(25)]),
    "hierarchical": Task("hierarchical", (Level("coarse", ("x", "y")), Level("fine", ("a", "b", "c", "d")))),
}


@pytest.mark.parametrize("items", [15, 300])
@pytest.mark.parametrize("kind", list(TASKS))
def test_every_candidate_ends_a_penalty_and_one_is_chosen(kind: str, items: int) -> None:
    task = TASKS[kind]
    events = fitted(task, items=items)
    assert len(events) <= 100
    assert [event.epoch for event in events] == list(range(1, len(events) + 1))
    penalties = [event.learning_rate for event in events]
    ends = [i for i, event in enumerate(events) if event.candidate]
    turns = [i for i in range(len(events)) if i + 1 == len(events) or penalties[i] != penalties[i + 1]]
    assert ends in (turns, turns[:-1])  # the iterations may end before the weakest penalty has converged
    assert len(ends) >= 3
    assert penalties == sorted(penalties, reverse=True)
    best, losses = chosen(events, task)
    assert best.candidate
    solutions = [losses[i] for i in ends]
    if kind == "multi-label":
        assert losses[best.epoch - 1] <= 1.1 * min(solutions)


def test_a_head_of_many_rare_labels_is_fitted_and_not_its_first_step() -> None:
    """Of 25 labels, most of them rare, a ranking once chose the first step: every probability was one half."""
    task = TASKS["multi-label"]
    events = fitted(task, items=630, judged=131, rare=1.0)
    best, losses = chosen(events, task)
    assert losses[0] > 0.5  # the step that says nothing
    assert losses[best.epoch - 1] <= 1.1 * min(losses)
    p = best.validation.probabilities()
    assert np.abs(p - 0.5).mean() > 0.25


@pytest.mark.parametrize("columns", [2, 400])
def test_solutions_of_labels_are_those_of_a_regression_each(columns: int) -> None:
    """However many labels there are: the penalty is each one's, and none ends before it has converged."""
    task = multi_label([f"l{i}" for i in range(columns)])
    x, y = drawn(task, 200, 16)
    head = nn.Linear(16, columns)
    answer = Predictions(task, "validation", ("0",), y[:1], np.zeros((1, columns), np.float32))
    events = linear_probe.logistic(
        head, HeldRows(x), torch.from_numpy(y), loss_of=loss_of(task, RECIPE, y), hits_of=hits_of(task),
        validate=lambda _: answer, iterations=200, labels=columns,
    )  # fmt: skip
    checked = 0
    for event in events:
        if event.candidate:
            p = torch.sigmoid(head(x)).detach().numpy()
            gradient = (p - y).T @ x.numpy() / len(x) + event.learning_rate * head.weight.detach().numpy()
            assert np.abs(gradient).max() < 0.03
            checked += 1
    assert checked == len(linear_probe.L2_LABELS)


def test_a_label_without_a_positive_in_validation_and_none_at_all_still_choose() -> None:
    task = multi_label(["a", "b", "c"])
    x, y = drawn(task, 20, 8)
    truth = np.zeros((6, 3), np.uint8)
    head = nn.Linear(8, 3)

    def validate(model: nn.Module) -> Predictions:
        with torch.inference_mode():
            return Predictions(task, "validation", tuple("abcdef"), truth, model(x[:6]).numpy())

    events = list(
        linear_probe.logistic(
            head,
            HeldRows(x),
            torch.from_numpy(y),
            loss_of=loss_of(task, RECIPE, y),
            hits_of=hits_of(task),
            validate=validate,
            iterations=40,
            labels=3,
        )
    )
    best, losses = chosen(events, task)
    ends = [losses[event.epoch - 1] for event in events if event.candidate]
    assert losses[best.epoch - 1] == min(ends)


@pytest.mark.parametrize("iterations", [1, 3, 5])
def test_iterations_that_allow_no_convergence_offer_the_last(iterations: int) -> None:
    events = fitted(TASKS["multi-label"], items=300, iterations=iterations)
    assert [event.candidate for event in events] == [False] * (iterations - 1) + [True]


def stored(x: Tensor) -> StoredRows:
    """The same rows in several arrays."""
    return StoredRows([part.numpy() for part in x.split([100, 1, len(x) - 101])])


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_mini_batches_from_stored_rows_are_those_from_memory(kind: str, weights: bool) -> None:
    task = TASKS["single-label"]
    x, y = drawn(task, 300, 16)
    given = {"image_size": 32, "augmentation": "none", "trainable_groups": 1, "backbone_learning_rate": 1e-3}
    given |= {"freeze_batch_norm": False, "cached_views": 0, "epochs": 3}
    recipe = ResolvedRecipe(**{**RECIPE.model_dump(), **given})
    chances = np.random.default_rng(0).dirichlet(np.ones(300)) if weights else None
    answer, ends = Predictions(task, "validation", ("0",), y[:1], np.zeros((1, 3), np.float32)), []
    for rows in (HeldRows(x), stored(x)):
        torch.manual_seed(0)
        head = make_head(kind, 16, task.columns)
        state = linear_probe.head_state(head, recipe)
        events = linear_probe.mini_batches(
            state, rows, torch.from_numpy(y), task=task, recipe=recipe, validate=lambda _: answer, weights=chances
        )
        losses = [event.loss for event in events if isinstance(event, Epoch)]
        ends.append((losses, [value.clone() for value in head.state_dict().values()]))
    (losses, values), (others, other_values) = ends
    assert losses == others
    assert losses[-1] < losses[0]
    assert all(torch.equal(a, b) for a, b in zip(values, other_values, strict=True))


@pytest.mark.parametrize("kind", list(TASKS))
def test_a_logistic_head_is_fitted_block_by_block(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    task = TASKS[kind]
    x, y = drawn(task, 300, 16)
    answer = Predictions(task, "validation", ("0",), y[:1], np.zeros((1, task.columns), np.float32))
    weighed = Recipe(**{**RECIPE.model_dump(), "class_weights": "inverse-frequency"})  # no mean over the items

    def solutions(rows: Rows) -> list[Tensor]:
        head = nn.Linear(16, task.columns)
        loss = loss_of(task, RECIPE if kind == "multi-label" else weighed, y)
        events = linear_probe.logistic(
            head, rows, torch.from_numpy(y), loss_of=loss, hits_of=hits_of(task), validate=lambda _: answer,
            iterations=200, labels=task.columns if kind == "multi-label" else 1,
        )  # fmt: skip
        return [head.weight.detach().clone() for event in events if event.candidate]

    whole = solutions(HeldRows(x))
    monkeypatch.setattr(embedding_rows, "BLOCK", 64)
    in_blocks, from_files = solutions(HeldRows(x)), solutions(stored(x))
    assert len(whole) == len(in_blocks) == len(from_files) > 2
    for a, b, c in zip(whole, in_blocks, from_files, strict=True):
        assert torch.equal(b, c)
        torch.testing.assert_close(b, a, rtol=0.02, atol=0.01)  # where the objective stands still, not to the bit
