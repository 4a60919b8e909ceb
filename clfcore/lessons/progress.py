"""How far a reader is: predictions and findings, in one small file on this machine, without an account."""

import json
from dataclasses import asdict, dataclass, replace

from filelock import FileLock

from clfcore.errors import InputError
from clfcore.files import lessons_folder, write_json
from clfcore.lessons.catalogue import LESSONS, lesson


@dataclass(frozen=True)
class LessonProgress:
    """What a reader did in one lesson. prediction: the place of the choice; answer: the one that came true here."""

    prediction: int | None = None
    answer: int | None = None

    @property
    def right(self) -> bool | None:
        """None until the experiment has run."""
        return None if self.prediction is None or self.answer is None else self.prediction == self.answer


def read_progress() -> dict[int, LessonProgress]:
    """Every lesson that was begun, by its number. Raises InputError where the file is damaged."""
    path = lessons_folder() / "progress.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {int(number): LessonProgress(**values) for number, values in stored.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError):
        raise InputError(f"{path} is damaged: restore it, or delete it to start the lessons over") from None


def predict_outcome(number: int, choice: int) -> LessonProgress:
    """Keep the reader's prediction; what the experiment gave before stays. Raises InputError."""
    choices = lesson(number).choices
    if not 0 <= choice < len(choices):
        raise InputError(f"the prediction is {choice + 1}: lesson {number} has choices 1 to {len(choices)}")
    return _change(number, prediction=choice)


def keep_answer(number: int, answer: int) -> LessonProgress:
    """Keep which choice came true in the lesson's own experiment."""
    return _change(number, answer=answer)


def reset_progress(number: int | None = None) -> None:
    """Forget one lesson, or all of them."""
    folder = lessons_folder()
    if not folder.exists():
        return
    with FileLock(folder / "progress.lock"):
        left = {} if number is None else {key: value for key, value in read_progress().items() if key != number}
        _write(left)


def _change(number: int, **values: int) -> LessonProgress:
    folder = lessons_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "progress.lock"):  # two tabs
        every = read_progress()
        every[number] = replace(every.get(number, LessonProgress()), **values)
        _write(every)
    return every[number]


def _write(every: dict[int, LessonProgress]) -> None:
    known = {str(row.number): asdict(every[row.number]) for row in LESSONS if row.number in every}
    write_json(lessons_folder() / "progress.json", known)
