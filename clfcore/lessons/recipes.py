"""Lesson 7. Augmentation and recipes: learning rates, schedules, overfitting, and a flipped digit."""

from dataclasses import replace

from clfcore.config import make
from clfcore.data.catalogue import open_dataset
from clfcore.lessons.illustrations import policies_and_mixtures
from clfcore.lessons.lesson import Choice, Curve, Curves, Finding, Lesson, Room, Setting, Source, Step
from clfcore.lessons.trial import accuracy, clearly_above, part, percent, trained
from clfcore.numerals import decimal
from clfcore.progress import Progress
from clfcore.runs.resolve_run import resolve_run
from clfcore.training.schedules import curve

RATES = (1e-5, 3e-3, 0.3)
FLIPS: dict[str, list[dict[str, object]]] = {
    "horizontal and vertical flips": [{"step": "horizontal-flip"}, {"step": "vertical-flip"}],
    "small shifts": [{"step": "shift", "most": 0.1}],
    "rotation by up to 180°": [{"step": "rotation", "degrees": 180}],
}


NETWORK = {"data": "digits", "architecture": "lenet5", "strategy": "scratch"}
RECIPE = {"gradient_clip": 0}
FEW, LONG = 60, 40  # training images that are easily memorized, and epochs for it
MILD: list[dict[str, object]] = [{"step": "shift", "most": 0.1}, {"step": "rotation", "degrees": 15}]
DRAWN = ("constant", "step", "cosine", "warmup-cosine", "one-cycle")  # schedules of which the shape is known beforehand


def experiment(setting: str, seed: int, progress: Progress) -> Finding:
    """LeNet-5 on digits: three learning rates, the setting's policy, and 60 images without and with augmentation."""
    ways: list[tuple[str, float, object]] = [(f"learning rate {decimal(rate)}", rate, "none") for rate in RATES]
    ways.append((f"learning rate {decimal(RATES[1])}, {setting}", RATES[1], _policy(FLIPS[setting])))
    rows, lines = [], []
    for place, (name, rate, augmentation) in enumerate(ways):
        recipe = {**RECIPE, "epochs": 5, "learning_rate": rate, "augmentation": augmentation, "seed": seed}
        config = {**NETWORK, "recipe": recipe}
        with trained(config, progress=part(progress, place, len(ways) + 2)) as run:
            history = run.history
            rows.append(accuracy(name, run))
        losses = tuple(row.train_loss or 0.0 for row in history)
        lines.append(Curve(name, tuple(float(row.epoch) for row in history), losses))
    low, right, high, changed = rows
    few, losses_of_few = _few_images(seed, progress, place=len(ways))
    answer = 0 if clearly_above(changed, right) else 2 if clearly_above(right, changed) else 1
    return Finding(
        measure="test accuracy",
        rows=tuple(rows),
        answer=answer,
        holds=clearly_above(right, low) and clearly_above(right, high),
        sentence=(
            f"Test accuracy is {percent(low.value)}, {percent(right.value)} and {percent(high.value)} at "
            "learning rates of "
            f"{decimal(RATES[0])}, {decimal(RATES[1])} and {decimal(RATES[2])}; with {setting} it is "
            f"{percent(changed.value)} instead of "
            f"{percent(right.value)}. {few}"
        ),
        curves=Curves("epoch", "training loss", tuple(lines), y_log=True),
        further=(losses_of_few, _schedules()),
    )


def _few_images(seed: int, progress: Progress, *, place: int) -> tuple[str, Curves]:
    """Overfitting provoked and reduced: 60 digits for 40 epochs, plain and augmented; in words and as losses."""
    from clfcore.experiments.compare_strategies import sample_split

    digits = open_dataset("digits")
    few = replace(digits, splits={**digits.splits, "train": sample_split(digits, "train", FEW, seed=seed)})
    accuracies, lines = [], []
    for way, (name, augmentation) in enumerate((("plain", "none"), ("augmented", _policy(MILD)))):
        recipe = {**RECIPE, "epochs": LONG, "batch_size": 20, "weight_decay": 0, "schedule": "constant", "seed": seed}
        config = {**NETWORK, "recipe": {**recipe, "learning_rate": RATES[1], "augmentation": augmentation}}
        with trained(config, progress=part(progress, place + way, place + 2), dataset=few) as run:
            history, test = run.history, accuracy(name, run)
        epochs = tuple(float(row.epoch) for row in history)
        lines.append(Curve(f"{name}: training", epochs, tuple(row.train_loss or 0.0 for row in history)))
        lines.append(Curve(f"{name}: validation", epochs, tuple(row.validation_loss or 0.0 for row in history)))
        accuracies.append((history[-1].train_accuracy or 0.0, test.value))
    (fitted, plain), (less, augmented) = accuracies
    return (
        f"With {len(few.splits['train'])} training images and {LONG} epochs, training accuracy is {percent(fitted)} "
        f"and test accuracy {percent(plain)}; shifted and turned a little, {percent(less)} and {percent(augmented)}.",
        Curves(
            "epoch",
            "loss",
            tuple(lines),
            y_log=True,
            caption="Overfitting: on few images, the training loss goes to 0 and the validation loss does not follow. "
            "Augmentation narrows the gap.",
        ),
    )


def _policy(steps: list[dict[str, object]]) -> dict[str, object]:
    return {"version": 1, "name": "lesson", "steps": steps}


def _schedules() -> Curves:
    """The learning rate over a run under each schedule."""
    lines = []
    for name in DRAWN:
        recipe = {**RECIPE, "learning_rate": RATES[1], "schedule": name, "epochs": 10}
        steps, rates = curve(resolve_run(make({**NETWORK, "recipe": recipe})).config.recipe, 20, points=100)
        lines.append(Curve(name, tuple(float(step) / 20 for step in steps), tuple(map(float, rates))))
    return Curves(
        "epoch", "learning rate", tuple(lines), caption="What each schedule makes of the same peak over ten epochs."
    )


LESSON = Lesson(
    number=7,
    title="Augmentation and recipes",
    question="Which learning rate, which augmentation, and how would you know that one is wrong?",
    steps=(
        Step(
            "The learning rate comes first",
            r"""
Training moves every weight a little against its gradient:

$$
w \leftarrow w - \eta \, \frac{\partial L}{\partial w}
$$

The **learning rate** $\eta$ is the one number that spoils most runs. Too low, and the loss creeps: the network is
not wrong, it is not done. Too high, and each step jumps across the valley: the loss stays high or becomes infinite.
In between it falls fast and then settles, especially when a **schedule** lowers $\eta$ towards the end.

The three look different within an epoch or two, so read the loss curve before you change anything else.
""",
        ),
        Step(
            "Augmentation is a promise",
            r"""
**Augmentation** shows each image a little changed: shifted, turned, flipped, recolored. It fights **overfitting**,
where a network memorizes its training images: training accuracy keeps rising and validation accuracy does not. The
experiment provokes it with 60 images, and shows what augmentation does about it.

Each step of a policy promises that *the label stays true*. A mirrored cat is a cat. A mirrored **2** is not a digit
at all, and a 6 turned by 180 degrees is a 9. A network that is trained on such images is taught mistakes, and
spends its capacity on images that it will never meet.

**Mixup** and **CutMix** change the labels along with the images: an image that is 0.7 cat and 0.3 dog gets the
label 0.7 cat, 0.3 dog.
""",
            policies_and_mixtures,
        ),
    ),
    prediction="Digits are flipped at random during training, left to right and top to bottom. What becomes of "
    "the accuracy on (unflipped) test digits?",
    choices=(
        Choice("It rises: more variety", "Variety helps where the label stays true. A flipped 2 is no longer a 2."),
        Choice(
            "No change that the test set could show",
            "A few hundred test images show only a large effect. Here the network has to learn four versions "
            "of each digit in the same five epochs.",
        ),
        Choice(
            "It falls",
            "Some flipped digits are not digits any more, and a 6 becomes a 9; the rest have to be learned "
            "in four versions.",
        ),
    ),
    controls="Same network, images, seed, order, epochs and optimizer; gradient clipping is off, so that a "
    "high rate shows.",
    experiment=experiment,
    claim="A learning rate can be clearly too low and clearly too high.",
    surprise=(
        "A learning rate that is 300 times too low and one that is 100 times too high give bad networks "
        "for opposite reasons. Only "
        "the loss curve tells which one it was."
    ),
    setting=Setting(
        "augmentation",
        "Augmentation",
        tuple(FLIPS),
        "Take small shifts, then rotation by up to 180°. Which of the two keeps its promise on digits?",
    ),
    rooms=(
        Room(
            "augmentations",
            "See what each policy does to an image",
            {"data": "digits"},
            "python -m clfcore policies views digits --data digits --out views.png",
        ),
        Room(
            "train",
            "Find a learning rate",
            {"data": "digits", "architecture": "lenet5"},
            "python -m clfcore find-rate --data digits --architecture lenet5",
        ),
    ),
    sources=(
        Source(
            "Smith: Cyclical learning rates for training neural networks, WACV 2017", "https://arxiv.org/abs/1506.01186"
        ),
        Source("Zhang, Cisse, Dauphin, Lopez-Paz: mixup, ICLR 2018", "https://arxiv.org/abs/1710.09412"),
        Source("Yun and others: CutMix, ICCV 2019", "https://arxiv.org/abs/1905.04899"),
    ),
)
