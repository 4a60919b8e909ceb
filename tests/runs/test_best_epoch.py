"""Which epoch's weights a run keeps: as if all had been kept, for every task, whatever a kill came between."""

import numpy as np
import pytest
import torch

from clfcore.config import make
from clfcore.runs.best_epoch import Best, best_record, choice_of
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.folder import Run
from clfcore.runs.records import EpochRecord
from clfcore.training.batches import Batches
from tests.conftest import small_config

LABELS = {"data": "shapes-multi-label:count=160,side=20", "architecture": "lenet5", "strategy": "scratch"}


def labels_config(**recipe: object):
    return make({**LABELS, "recipe": {"epochs": 4, "batch_size": 16, "image_size": 20, **recipe}})


def offline(lines: list[tuple[float, float]], *, guarded: bool) -> int:
    """The place of the best of all lines of (score, loss), seen at once."""
    limit = 1.1 * min(loss for _, loss in lines) if guarded else np.inf
    places = [i for i, (_, loss) in enumerate(lines) if loss <= limit]
    return max(places, key=lambda i: (lines[i][0], -lines[i][1], -i))


@pytest.mark.parametrize("guarded", [False, True])
def test_choosing_epoch_by_epoch_ends_as_choosing_among_all(guarded: bool) -> None:
    generator = np.random.default_rng(0)
    for _ in range(200):
        scores = generator.integers(0, 6, 12) / 10  # with ties
        losses = np.round(generator.uniform(0.5, 1.0, 12) * np.linspace(1.3, generator.uniform(0.5, 1.3), 12), 2)
        lines, best, seen = list(zip(scores.tolist(), losses.tolist(), strict=True)), Best(guarded=guarded), set()
        for epoch, (score, loss) in enumerate(lines):
            if epoch == 6:  # an interruption
                best = Best.from_state(best.state_dict())
            changed = best.improved(epoch, score, loss, weights=lambda epoch=epoch: {"epoch": torch.tensor(epoch)})
            assert changed == (best.epoch not in seen or best.since == 0)
            assert best.epoch == offline(lines[: epoch + 1], guarded=guarded)
            assert best.weights["epoch"].item() == best.epoch
            seen.add(best.epoch)


def test_a_ranking_chooses_only_among_fitted_epochs() -> None:
    best = Best(guarded=True)
    best.improved(1, 0.3054, 0.692)
    assert best.improved(13, 0.3028, 0.227)
    assert not best.improved(14, 0.31, 0.26)  # more than a tenth above the lowest
    assert best.improved(15, 0.31, 0.249)
    assert best.epoch == 15


def test_weights_that_wait_stay_within_their_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clfcore.runs.best_epoch.ROOM", 100)
    best = Best(guarded=True)
    for epoch in range(10):  # each ranks better and fits worse: all could still be chosen
        best.improved(epoch, epoch / 10, 1 + epoch / 200, weights=lambda: {"w": torch.zeros(10)})
    assert [candidate.epoch for candidate in best.candidates] == [0, 7, 8, 9] or len(best.candidates) == 4
    assert best.epoch == 9


def test_a_loss_that_is_no_number_never_chooses() -> None:
    best = Best(guarded=True)
    assert best.improved(1, 0.0, float("nan"))
    assert best.improved(2, 0.0, 0.7)
    assert not best.improved(3, 0.9, float("inf"))


@pytest.mark.parametrize("kind", ["killed", "resumed twice"])
def test_weights_and_history_agree_after_a_kill_between_choice_and_checkpoint(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run(small_config(epochs=4, learning_rate=0.01))
    save, order, saved = Run.save_checkpoint, Batches.order, []

    def killed(self: Run, values: dict) -> None:
        saved.append(1)
        if len(saved) in ((3,) if kind == "killed" else (2, 4)):
            raise KeyboardInterrupt
        save(self, values)

    monkeypatch.setattr(Run, "save_checkpoint", killed)
    for _ in range(1 if kind == "killed" else 2):
        with pytest.raises(KeyboardInterrupt):
            execute(run)
        # What comes now is another epoch than the one that was killed, as on a GPU.
        monkeypatch.setattr(Batches, "order", lambda self, epoch: order(self, epoch)[::-1].copy())
    execute(run)
    best = run.results.best_epoch
    line = next(line for line in run.history if line.epoch == best)
    predictions = run.predictions("validation")
    assert float((predictions.logits.argmax(axis=1) == predictions.targets).mean()) == line.validation_score
    assert line.validation_score == max(line.validation_score for line in run.history)
    found = torch.nn.functional.cross_entropy(
        torch.from_numpy(predictions.logits), torch.from_numpy(predictions.targets)
    ).item()
    assert found == pytest.approx(line.validation_loss, abs=1e-6)


def test_a_checkpoint_of_before_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights of the best epoch stood in a file of their own, beside what the checkpoint says of it."""
    from safetensors.torch import save_file

    straight, run = create_run(small_config(epochs=3)), create_run(small_config(epochs=3))
    execute(straight)
    save = Run.save_checkpoint

    def before(self: Run, values: dict) -> None:
        kept = values["best"].pop("candidates")
        values["best"].pop("guarded")
        save_file(
            {name: value.contiguous() for name, value in kept[0]["weights"].items()}, self.path / "best.safetensors"
        )
        save(self, values)
        if values["training"]["epoch"] == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Run, "save_checkpoint", before)
    with pytest.raises(KeyboardInterrupt):
        execute(run)
    monkeypatch.setattr(Run, "save_checkpoint", save)
    execute(run)
    assert run.results.best_epoch == straight.results.best_epoch
    assert run.metrics == straight.metrics


def test_a_run_of_several_labels_keeps_the_best_of_its_candidates() -> None:
    run = create_run(labels_config(learning_rate=0.01, epochs=6))
    execute(run)
    lines = [(line.validation_score, line.validation_loss) for line in run.history]
    assert run.results.best_epoch == offline(lines, guarded=True) + 1 == run.history[-1].best_epoch
    assert best_record(run.history).epoch == run.results.best_epoch


def test_the_sentence_says_what_chose_old_runs_included() -> None:
    lines = [EpochRecord(epoch=1, best_epoch=1, validation_score=0.5, validation_loss=1.0)]
    assert choice_of("single-label", lines).sentence == "chosen by accuracy on validation"
    assert choice_of("hierarchical", lines).sentence == "chosen by finest-level accuracy on validation"
    assert choice_of("multi-label", lines).sentence == (
        "chosen by mean average precision on validation among epochs whose validation loss is within 10% of the lowest"
    )
    old = [EpochRecord(epoch=1, validation_score=0.5, validation_loss=1.0)]
    assert choice_of("multi-label", old).sentence == "chosen by mean average precision on validation"
    fitted = [lines[0].model_copy(update={"epoch": i, "candidate": i > 1, "learning_rate": 1 / i}) for i in (1, 2, 3)]
    assert choice_of("single-label", fitted).sentence == (
        "chosen by accuracy on validation among the solutions of 2 L2 penalties"
    )
    assert choice_of("multi-label", fitted).sentence.endswith(
        "among the solutions of 2 L2 penalties whose validation loss is within 10% of the lowest"
    )
