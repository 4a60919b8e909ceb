from dataclasses import replace
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clfcore.errors import InputError
from clfcore.evaluation.compare import aligned, compare, difference_interval, holm, mcnemar, score_interval
from clfcore.evaluation.ensembles import agreement, dividing, ensemble, gains
from clfcore.evaluation.metrics import evaluate
from clfcore.predictions import Predictions
from clfcore.task import single_label
from tests.evaluation.made import hierarchical, predictions, quick, seeded, seeded_labels


def answering(answers: np.ndarray, targets: np.ndarray, *, c: int = 4) -> Predictions:
    return predictions(3.0 * np.eye(c)[answers], targets)


def planted(n: int, *, only_a: int, only_b: int, both: int) -> tuple[Predictions, Predictions]:
    """Two runs with a known number of items that one alone gets right."""
    targets = np.arange(n) % 4
    wrong = (targets + 1) % 4
    place = np.arange(n)
    a_right = (place < both) | ((place >= both) & (place < both + only_a))
    b_right = (place < both) | ((place >= both + only_a) & (place < both + only_a + only_b))
    return tuple(answering(np.where(right, targets, wrong), targets) for right in (a_right, b_right))


@quick
@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_twice_the_smaller_tail_of_a_fair_coin(only_a: int, only_b: int) -> None:
    n = only_a + only_b
    tail = sum(comb(n, k) for k in range(min(only_a, only_b) + 1)) / 2**n
    assert mcnemar(only_a, only_b) == pytest.approx(min(1.0, 2 * tail))


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.02, 0.03, 0.2]) == pytest.approx((0.04, 0.06, 0.06, 0.2))
    assert holm([0.6, 0.5]) == pytest.approx((1.0, 1.0))
    assert holm([]) == ()


def test_a_pair_has_what_the_command_prints() -> None:
    a, b = planted(400, only_a=18, only_b=41, both=300)
    printed = compare([("a", a), ("b", b)]).as_dict()
    assert printed["split"] == "test"
    assert printed["runs"] == ["a", "b"]
    pair = printed["pairs"][0]
    assert (pair["a"], pair["b"], pair["metric"], pair["only_a"], pair["only_b"]) == ("a", "b", "accuracy", 18, 41)
    assert pair["difference"] == pytest.approx(23 / 400)
    assert pair["difference"] == pytest.approx(evaluate(b).accuracy - evaluate(a).accuracy)
    assert pair["p_value"] == pair["adjusted_p_value"] == pytest.approx(mcnemar(18, 41))
    low, high = pair["interval"]
    assert isinstance(pair["interval"], list)
    assert 0 < low < 23 / 400 < high
    assert pair["better"] == "b"
    assert pair["words"].startswith(
        "b is better by 5.8 points of accuracy, 95% interval 2.0 to 9.5; only b is right on 41 images"
    )


def test_the_better_run_is_named_whichever_comes_first() -> None:
    a, b = planted(400, only_a=41, only_b=18, both=300)
    pair = compare([("a", a), ("b", b)]).pairs[0]
    assert pair.difference < 0
    assert pair.better == "a"
    assert pair.describe().startswith("a is better by 5.8 points of accuracy, 95% interval 2.0 to 9.5; only b")


def test_a_few_items_cannot_tell() -> None:
    a, b = planted(200, only_a=9, only_b=12, both=150)
    pair = compare([("a", a), ("b", b)]).pairs[0]
    assert pair.better is None
    assert pair.describe().startswith(
        "No significant difference between a and b on 200 images: accuracy differs by 1.5 points"
    )


def test_three_runs_are_corrected_together_and_accuracy_comes_first() -> None:
    runs = [(name, seeded(seed=i, gap=1 + i)) for i, name in enumerate("abc")]
    runs = [(name, replace(answer, targets=runs[0][1].targets)) for name, answer in runs]
    found = compare(runs, resamples=100)
    assert [(p.a, p.b, p.metric) for p in found.pairs[:3]] == [
        ("a", "b", "accuracy"),
        ("a", "c", "accuracy"),
        ("b", "c", "accuracy"),
    ]
    assert [p.adjusted_p_value for p in found.pairs[:3]] == list(holm([p.p_value for p in found.pairs[:3]]))
    others = {p.metric for p in found.pairs[3:]}
    assert others == {"balanced_accuracy", "macro_f1", "nll"}
    for pair in found.pairs[3:]:
        named = dict(runs)
        gap = getattr(evaluate(named[pair.b]), pair.metric) - getattr(evaluate(named[pair.a]), pair.metric)
        assert pair.difference == pytest.approx(gap)
        assert pair.interval.low < pair.difference < pair.interval.high
        assert pair.p_value is None


def test_a_lower_loss_is_better() -> None:
    good, bad = seeded(gap=4), seeded(gap=1)
    assert (good.targets == bad.targets).all()
    pair = next(p for p in compare([("bad", bad), ("good", good)]).pairs if p.metric == "nll")
    assert pair.difference == pytest.approx(evaluate(good).nll - evaluate(bad).nll)
    assert pair.difference < 0
    assert pair.better == "good"
    assert pair.describe().startswith(f"good is better by {-pair.difference:.3f} nats of log-loss")


@pytest.mark.parametrize("n", [200, 373, 1000])
@pytest.mark.parametrize(("p_a", "p_b"), [(0.02, 0.02), (0.03, 0.08), (0.1, 0.1), (0.15, 0.05), (0.05, 0.1)])
def test_intervals_of_the_difference_cover_the_truth(n: int, p_a: float, p_b: float) -> None:
    drawn = np.random.default_rng(n).multinomial(n, [p_a, p_b, 1 - p_a - p_b], size=1500)
    ends = [difference_interval(a, b, n, resamples=1000, seed=i) for i, (a, b, _) in enumerate(drawn.tolist())]
    covered = np.mean([low - 1e-12 <= p_b - p_a <= high + 1e-12 for low, high in ends])
    assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize("n", [1, 44, 200])
def test_equal_answers_still_leave_room_for_a_difference(n: int) -> None:
    low, high = difference_interval(0, 0, n)
    assert high == -low == pytest.approx(1.96**2 / (n + 1.96**2), rel=1e-4)  # the score test solved by hand


@given(a=st.integers(0, 9), b=st.integers(0, 9), more=st.integers(1, 60))
def test_the_ends_of_few_are_where_the_score_test_turns(a: int, b: int, more: int) -> None:
    n = a + b + more
    low, high = score_interval(a, b, n)
    swapped = score_interval(b, a, n)
    assert (low, high) == pytest.approx((-swapped.high, -swapped.low), abs=1e-9)
    assert low < (b - a) / n < high
    for d in (low, high):
        grid = np.linspace(max(0, -d), min(1, (1 - d) / 2), 200_001)[1:-1]  # shares of only a, were the difference d
        likely = a * np.log(grid) + b * np.log(grid + d) + (n - a - b) * np.log(1 - 2 * grid - d)
        share = grid[likely.argmax()]
        deviation = np.sqrt(n * (2 * share + d - d * d))
        assert abs(b - a - n * d) / deviation == pytest.approx(1.96, rel=2e-3)


def test_runs_that_differ_by_chance_are_called_so() -> None:
    rng = np.random.default_rng(0)
    targets = rng.integers(4, size=1000)
    hard = rng.random(1000) < 0.2  # items that chance decides: two seeds of one configuration
    told = 0
    for _ in range(100):
        a, b = (np.where(hard & (rng.random(1000) < 0.5), (targets + 1) % 4, targets) for _ in range(2))
        pair = compare([("a", answering(a, targets)), ("b", answering(b, targets))], resamples=2).pairs[0]
        told += pair.better is not None
    assert told <= 8


def test_five_points_on_1000_items_are_found() -> None:
    drawn = np.random.default_rng(0).multinomial(1000, [0.04, 0.09, 0.87], size=100)
    found = 0
    for only_a, only_b, both in drawn.tolist():
        a, b = planted(1000, only_a=only_a, only_b=only_b, both=both - 30)
        found += compare([("a", a), ("b", b)], resamples=2).pairs[0].better == "b"
    assert found >= 95


def test_items_are_paired_by_id_whatever_their_order() -> None:
    predictions = seeded()
    order = np.random.default_rng(0).permutation(len(predictions))
    moved = Predictions(
        predictions.task,
        predictions.split,
        tuple(predictions.ids[i] for i in order),
        predictions.targets[order],
        predictions.logits[order],
    )
    (_, first), (_, second) = aligned([("a", predictions), ("b", moved)])
    assert (second.logits == first.logits).all()
    pair = compare([("a", predictions), ("b", moved)], resamples=2).pairs[0]
    assert (pair.only_a, pair.only_b, pair.p_value) == (0, 0, 1.0)


def test_what_cannot_be_paired_is_refused_with_the_reason() -> None:
    predictions = seeded(n=4, c=3)
    other_ids = replace(predictions, ids=("item 0", "item 1", "x", "y"))
    with pytest.raises(InputError, match=r"^a comparison needs at least two runs"):
        compare([("a", predictions)])
    with pytest.raises(InputError, match=r"^run a is named twice"):
        compare([("a", predictions), ("a", predictions)])
    with pytest.raises(InputError, match=r"different items \(2 shared of 4 and 4\): paired tests need the same"):
        compare([("a", predictions), ("b", other_ids)])
    with pytest.raises(InputError, match=r"^runs a and b have different classes \(c0, c1, c2 and x, y, z\)"):
        compare([("a", predictions), ("b", replace(predictions, task=single_label(["x", "y", "z"])))])
    with pytest.raises(InputError, match=r"different tasks \(single-label and multi-label\)"):
        compare([("a", predictions), ("b", seeded_labels())])
    with pytest.raises(InputError, match="run a is scored on test, run b on validation"):
        compare([("a", predictions), ("b", replace(predictions, split="validation"))])
    with pytest.raises(InputError, match="the truth of some items differs between runs a and b"):
        compare([("a", predictions), ("b", replace(predictions, targets=(predictions.targets + 1) % 3))])


def test_labels_are_compared_by_whole_sets_and_levels_by_the_finest() -> None:
    a = seeded_labels()
    b = replace(a, logits=a.logits + np.float32(0.5))
    pair = compare([("a", a), ("b", b)], resamples=20).pairs[0]
    assert pair.metric == "subset_accuracy"
    assert pair.difference == pytest.approx(evaluate(b).subset_accuracy - evaluate(a).subset_accuracy)
    truth = [(0, 0), (1, 2)]
    levels = compare([("a", hierarchical([(1, 0), (1, 2)], truth)), ("b", hierarchical([(0, 1), (1, 2)], truth))])
    assert (levels.pairs[0].metric, levels.pairs[0].only_a, levels.pairs[0].only_b) == ("accuracy", 1, 0)


def test_agreement_by_hand() -> None:
    targets = np.array([0, 1, 2, 3, 0])
    a = answering(np.array([0, 1, 2, 0, 1]), targets)
    b = answering(np.array([0, 1, 3, 0, 2]), targets)
    c = answering(np.array([0, 0, 0, 3, 2]), targets)
    found = agreement([("a", a), ("b", b), ("c", c)])
    assert found.same.tolist() == [[1.0, 0.6, 0.2], [0.6, 1.0, 0.4], [0.2, 0.4, 1.0]]
    assert found.both_right.tolist() == [[3, 2, 1], [2, 2, 1], [1, 1, 2]]
    assert {name: indices.tolist() for name, indices in found.only.items()} == {"a": [2], "b": [], "c": [3]}
    assert (found.all_right.tolist(), found.none_right.tolist()) == ([0], [4])


def test_items_that_divide_the_runs_come_with_the_fewest_right_first() -> None:
    targets = np.array([0, 1, 2, 3, 0])
    a = answering(np.array([0, 1, 2, 0, 1]), targets)
    b = answering(np.array([0, 1, 3, 0, 2]), targets)
    c = answering(np.array([0, 0, 0, 3, 2]), targets)
    # item 4: all wrong; 2 and 3: one right; 1: two right; 0: all right, left out
    assert dividing([("a", a), ("b", b), ("c", c)]).tolist() == [4, 2, 3, 1]
    assert dividing([("a", a), ("b", a)]).tolist() == []


def test_an_ensemble_averages_probabilities() -> None:
    a, b = seeded(seed=0), replace(seeded(seed=1), targets=seeded(seed=0).targets)
    both = ensemble([("a", a), ("b", b)])
    assert both.probabilities() == pytest.approx((a.probabilities() + b.probabilities()) / 2)
    labels = seeded_labels()
    shifted = replace(labels, logits=labels.logits + 1)
    mean = (labels.probabilities() + shifted.probabilities()) / 2
    assert ensemble([("a", labels), ("b", shifted)]).probabilities() == pytest.approx(mean)
    levels = hierarchical([(0, 0), (1, 2)], [(0, 0), (1, 3)])
    assert ensemble([("a", levels), ("b", levels)]).probabilities() == pytest.approx(levels.probabilities())


def test_the_gain_of_an_ensemble_is_said_against_each_run() -> None:
    a, b = seeded(seed=0), replace(seeded(seed=0), logits=seeded(seed=5).logits)
    found = gains([("a", a), ("b", b)])
    together = evaluate(ensemble([("a", a), ("b", b)])).accuracy
    assert [(gain.a, gain.b) for gain in found] == [("a", "ensemble"), ("b", "ensemble")]
    assert found[0].difference == pytest.approx(together - evaluate(a).accuracy)


def test_equal_answers_of_many_items_have_no_negative_zero() -> None:
    one, _ = planted(50_000, only_a=0, only_b=0, both=25_000)
    words = compare([("a", one), ("b", one)], resamples=2).pairs[0].describe()
    assert "95% interval of b − a 0.0 to 0.0;" in words
