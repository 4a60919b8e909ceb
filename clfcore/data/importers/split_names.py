"""Split names in the spellings that people use: Training, seg_test, val2017, dev, 训练集."""

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from clfcore.data.dataset import Split

# The names that a SPEC documents; they need no word. All others are said where they are taken for a split.
SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
    "test": "test",
}
_WORDS: dict[Split, str] = {
    "train": "train training trainings trn trainval entrenamiento entrainement apprentissage treino treinamento "
    "addestramento обучение трейн 训练 訓練 学習 학습 훈련",
    "validation": "validation val valid validate validating vali dev devel develop development eval evaluation "
    "validacion validacao validierung validazione walidacja валидация 验证 驗證 検証 검증",
    "test": "test testing tests tst holdout prueba pruebas teste testes prova тест 测试 測試 テスト 시험",
}
_SPLIT_OF: dict[str, Split] = {word: split for split, words in _WORDS.items() for word in words.split()}
_NOISE = (
    "set sets data dataset images image imgs img pictures pics photos samples split folder dir files 集 数据集 数据"
)
_SUFFIXES = tuple(sorted(_NOISE.split(), key=len, reverse=True))
_LETTERS = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def split_of(name: str) -> tuple[Split | None, tuple[str, ...]]:
    """The split that a name means, and its other words; no split where it means none, or two.

    >>> split_of("seg_train"), split_of("val2017"), split_of("TestImages"), split_of("toy")
    (('train', ('seg',)), ('validation', ()), ('test', ()), (None, ('toy',)))
    """
    splits: list[Split] = []
    rest = []
    for word in _LETTERS.findall(_HUMP.sub(" ", unicodedata.normalize("NFKC", name))):
        word = _folded(word)
        split = _split(word)
        if split:
            splits.append(split)
        elif word not in _SUFFIXES:
            rest.append(word)
    if splits[:2] == ["train", "validation"] and len(splits) == 2:
        return "train", tuple(rest)  # trainval: what is not for test
    return (splits[0] if len(splits) == 1 else None), tuple(rest)


class SplitAndClass(NamedTuple):
    """The two parts of a name such as `train_cat`."""

    split: Split
    label: str


def split_and_class(name: str) -> SplitAndClass | None:
    """The split and the class that one name holds, as `train_cat` or `trainA`; None where one is missing.

    >>> split_and_class("train_class1"), split_and_class("cat-test"), split_and_class("cat")
    (SplitAndClass(split='train', label='class1'), SplitAndClass(split='test', label='cat'), None)
    """
    parts = re.split(r"([-_. ]+|(?<=[a-z])(?=[A-Z]))", name)
    names = parts[::2]
    splits = [(i, split) for i, word in enumerate(names) if (split := _split(_folded(word)))]
    if len(splits) != 1:
        return None
    place, split = splits[0]
    rest = parts[:-2] if place == len(names) - 1 else [*parts[: 2 * place], *parts[2 * place + 2 :]]
    return SplitAndClass(split, "".join(rest)) if "".join(rest) else None


def is_evaluation(name: str) -> bool:
    """Whether a name says evaluation: of three splits that is the test, of two the validation."""
    return any(_folded(word).startswith("eval") for word in _LETTERS.findall(_HUMP.sub(" ", name)))


def splits_of(names: Iterable[str]) -> dict[str, Split]:
    """The names among siblings that are splits. Words that they share (`seg_train`, `seg_test`) do not count."""
    groups: dict[tuple[str, ...], dict[str, Split]] = {}
    for name in names:
        split, rest = split_of(name)
        if split:
            groups.setdefault(rest, {})[name] = split
    trained = [group for rest, group in groups.items() if "train" in group.values() and (not rest or len(group) > 1)]
    chosen = max(trained, key=len) if trained else groups.get((), {})
    if "test" not in chosen.values() and any(
        split == "validation" and not is_evaluation(name) for name, split in chosen.items()
    ):
        chosen = {name: "test" if is_evaluation(name) else split for name, split in chosen.items()}
    return chosen


def fold_of(name: str) -> int | None:
    """The number of a fold of cross-validation: `fold0`, `Fold_1`, `fold-10`; None for other names."""
    number = re.fullmatch(r"(?:k|cv)?[-_ ]?folds?[-_ ]?(\d{1,4})", name.strip().lower())
    return int(number[1]) if number else None


def splits_of_folds(folds: Iterable[int]) -> dict[int, Split]:
    """Folds kept whole: the last is the test, the one before it validates where three or more are there."""
    order = sorted(set(folds))
    splits: dict[int, Split] = dict.fromkeys(order, "train")
    if len(order) > 1:
        splits[order[-1]] = "test"
    if len(order) > 2:
        splits[order[-2]] = "validation"
    return splits


def _folded(word: str) -> str:
    marks = unicodedata.normalize("NFKD", word.casefold())
    return unicodedata.normalize(
        "NFKC", "".join(sign for sign in marks if not unicodedata.combining(sign) or sign in "゙゚")
    )


def _split(word: str) -> Split | None:
    if word in _SPLIT_OF:
        return _SPLIT_OF[word]
    for noise in _SUFFIXES:
        if word.endswith(noise) and word[: -len(noise)] in _SPLIT_OF:
            return _SPLIT_OF[word[: -len(noise)]]
    return None
