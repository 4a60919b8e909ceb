"""A run that overfits or stands still is told so, and one that learns is left in peace."""

from clfcore.runs.records import EpochRecord
from clfcore.training.diagnose import notes


def history(train: list[float], validation: list[float], accuracy: float = 0.5) -> list[EpochRecord]:
    return [
        EpochRecord(epoch=i, train_loss=a, validation_loss=b, train_accuracy=accuracy, learning_rate=1e-3)
        for i, (a, b) in enumerate(zip(train, validation, strict=True), 1)
    ]


def test_a_rising_validation_loss_under_a_falling_training_loss_is_overfitting() -> None:
    (note,) = notes(history([1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2], [1, 0.9, 0.8, 0.9, 0.95, 1.0, 1.1]))
    assert note.startswith("It overfits: since epoch 3 the validation loss rose from 0.800 to 1.100")


def test_one_bad_epoch_is_no_overfitting() -> None:
    assert notes(history([1, 0.8, 0.6, 0.5, 0.4, 0.3], [1, 0.9, 0.8, 1.5, 0.79, 0.8])) == ()


def test_both_losses_rising_is_not_overfitting() -> None:
    assert notes(history([0.5, 0.4, 0.6, 0.7, 0.8, 0.9], [0.5, 0.4, 0.6, 0.7, 0.8, 0.9])) == ()


def test_losses_that_do_not_move_stand_still_unless_all_is_learned() -> None:
    flat = [2.302] * 6
    (note,) = notes(history(flat, flat, accuracy=0.1), ended=True)
    assert note.startswith("It stood still: from epoch 2 on neither loss moved by 1%, at 10.0% training accuracy")
    assert notes(history(flat, flat, accuracy=0.99)) == ()


def test_nothing_is_said_of_few_epochs_or_of_damaged_lines() -> None:
    assert notes([]) == ()
    assert notes(history([2.3] * 4, [2.3] * 4, accuracy=0.1)) == ()
    assert notes([EpochRecord(epoch=i, train_loss=None, validation_loss=None) for i in range(9)]) == ()
