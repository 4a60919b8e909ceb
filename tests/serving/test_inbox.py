"""Why a photo goes into the inbox: it is unlike by the run's own limit, or no class has half of the probability."""

import pytest

from clfcore.answers import LabelProbability
from clfcore.inference.image_prediction import ImagePrediction
from clfcore.serving.inbox import reasons
from clfcore.unlike import Score, Unlike


def prediction(
    probability: float, score: Score | None, *, unlike: bool = False, several: bool = False
) -> ImagePrediction:
    why = ("far",) if score == "neighbors" else ("unsure",)
    judged = None
    if score is not None:
        judged = Unlike(unlike, why if unlike else (), "", score, 1.0, 0.5, probability, "")  # type: ignore[arg-type]
    top = (LabelProbability("a", probability),)
    return ImagePrediction("a.png", top=top, labels=() if several else None, unlike=judged)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (prediction(0.9, "neighbors"), []),
        (prediction(0.9, "neighbors", unlike=True), ["far"]),
        (prediction(0.4, "neighbors", unlike=True), ["far", "unsure"]),
        (prediction(0.4, "neighbors"), ["unsure"]),
        (prediction(0.4, "energy", unlike=True), ["unsure"]),
        (prediction(0.3, "probability"), []),  # of a thousand classes the likeliest seldom has half
        (prediction(0.05, "probability", unlike=True), ["unsure"]),
        (prediction(0.4, "neighbors", several=True), []),  # a picture may have no label
        (prediction(0.4, None), ["unsure"]),
        (prediction(0.6, None), []),
    ],
)
def test_why_a_photo_is_worth_a_label(given: ImagePrediction, expected: list[str]) -> None:
    assert reasons(given) == expected
