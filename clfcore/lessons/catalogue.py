"""The eight lessons, in their order."""

from clfcore.errors import InputError
from clfcore.lessons import convolution, depth, evaluation, labels, recipes, residuals, scaling, transfer
from clfcore.lessons.lesson import Lesson

LESSONS: tuple[Lesson, ...] = (
    labels.LESSON,
    convolution.LESSON,
    depth.LESSON,
    residuals.LESSON,
    scaling.LESSON,
    transfer.LESSON,
    recipes.LESSON,
    evaluation.LESSON,
)


def lesson(number: int) -> Lesson:
    """The lesson of a number. Raises InputError where there is none."""
    if not 1 <= number <= len(LESSONS):
        raise InputError(f"lesson is {number}: there are lessons 1 to {len(LESSONS)}")
    return LESSONS[number - 1]
