"""Lesson 4. Residuals: when deeper got worse."""

from collections.abc import Sequence

from clfcore.architectures.degradation_study import kind_name, record
from clfcore.lessons.lesson import Choice, Curve, Curves, Finding, Lesson, Measured, Room, Setting, Source, Step
from clfcore.lessons.trial import part, trained
from clfcore.progress import Progress

SHALLOW = 20  # layers: 6n + 2 for n blocks in each of three stages
EPOCHS = 4


def network(blocks: int, *, skip: bool) -> dict[str, object]:
    """Options of a small ResNet with so many blocks in each of three stages, with its additions or without."""
    return {"depths": f"{blocks},{blocks},{blocks}", "width": 16, "stem": "small", "skip": skip}


def experiment(setting: str, seed: int, progress: Progress) -> Finding:
    """Plain and residual networks, shallow and deep, on digits of 8 pixels, as in He et al. (2015), section 4.2."""
    deep = int(setting)
    kinds = [(layers, skip) for skip in (False, True) for layers in (SHALLOW, deep)]
    rows, lines = [], []
    for place, (layers, skip) in enumerate(kinds):
        name = kind_name(layers, residual=skip)
        config = {
            "data": "digits",
            "architecture": "resnet",
            "options": network((layers - 2) // 6, skip=skip),
            "strategy": "scratch",
            "recipe": {
                "epochs": EPOCHS,
                "image_size": 8,
                "batch_size": 64,
                "optimizer": "sgd",
                "learning_rate": 0.05,
                "momentum": 0.9,
                "weight_decay": 1e-4,
                "schedule": "cosine",
                "augmentation": "none",
                "seed": seed,
            },
        }
        with trained(config, progress=part(progress, place, len(kinds))) as run:
            history = run.history
        losses = tuple(row.train_loss or 0.0 for row in history)
        rows.append(Measured(name, losses[-1]))
        lines.append(Curve(name, tuple(float(row.epoch) for row in history), losses))
    plain_shallow, plain_deep, _, residual_deep = (row.value for row in rows)
    # The first two choices stand for a plain network that gains from its depth, or neither gains nor loses.
    answer = 2 if plain_deep > plain_shallow * 1.05 else 0 if plain_deep < plain_shallow * 0.95 else 1
    return Finding(
        measure="training loss after the last epoch",
        rows=tuple(rows),
        answer=answer,
        holds=plain_deep > plain_shallow and residual_deep < plain_deep,
        sentence=(
            f"On its own training images, the plain network ends at a loss of {plain_shallow:.2f} with "
            f"{SHALLOW} layers and "
            f"{plain_deep:.2f} with {deep}; with additions, {deep} layers end at {residual_deep:.2f}."
        ),
        share=False,
        curves=Curves("epoch", "training loss", tuple(lines)),
        further=(gradients(kinds, seed),),
    )


def gradients(kinds: Sequence[tuple[int, bool]], seed: int) -> Curves:
    """Gradient norms layer by layer before any step, of networks of so many layers, plain or with additions."""
    from clfcore.architectures.gradient_flow import gradient_reach

    lines = []
    for layers, skip in kinds:
        options = network((layers - 2) // 6, skip=skip)
        reach = gradient_reach("resnet", options=options, image_size=16, channels=1, classes=10, seed=seed)
        norms = tuple(norm.before for norm in reach.norms)
        lines.append(Curve(kind_name(layers, residual=skip), tuple(map(float, range(1, len(norms) + 1))), norms))
    return Curves(
        "layer with weights, first to last",
        "norm of the gradient",
        tuple(lines),
        y_log=True,
        caption="Before training, on 24 drawn images: how large the gradient of each layer's weights is.",
    )


def recorded_study() -> str:
    """What 20 and 56 layers gave in a longer training."""
    return f"{record().describe()} Recorded by `benchmarks/plain_vs_residual.py`."


LESSON = Lesson(
    number=4,
    title="Residuals: when deeper got worse",
    question="Why did deep networks learn worse than shallow ones, and what fixed it?",
    steps=(
        Step(
            "It was not overfitting",
            r"""
After VGG, everybody stacked more layers, and at some point networks got worse. The obvious suspicion is
**overfitting**: too many parameters for the data. But then the error on the *training* images would still be lower.

It was not. In 2015 He and colleagues showed that a plain network of 56 layers has a higher *training error* than
one of 20. The deeper one could copy the shallower one and let its other 36 layers do nothing. Training does not
find that solution: the deep plain network is hard to **optimize**, even with batch normalization. They called this
the **degradation problem**.
""",
        ),
        Step(
            "An addition",
            r"""
A plain block computes $y = F(x)$. A **residual** block adds its input back:

$$
y = x + F(x)
$$

Now “do nothing” is easy: $F(x) = 0$. And by the chain rule

$$
\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y}\left(1 + \frac{\partial F}{\partial x}\right)
$$

so part of the gradient reaches every layer undiminished, whatever $F$ does. The addition costs no parameters; only
where the shape changes, twice in these networks, a small 1 × 1 convolution fits $x$ to it.

You will train four networks on digits of 8 × 8 pixels: 20 layers and many layers, each without its additions and
with them. And you will see how large each layer's gradient is before the first step: from the last layer back to the
first it can shrink or grow, layer by layer, until no one learning rate suits them all.
""",
        ),
    ),
    prediction="Without additions: how does the deep network's training loss compare with that of 20 layers?",
    choices=(
        Choice(
            "Lower: it has more parameters",
            "More parameters could fit the training images better, as long as training finds such a solution.",
        ),
        Choice(
            "About the same (within 5%)",
            "The deep network could copy the 20 layers and do nothing in the rest; the question is whether "
            "training finds that.",
        ),
        Choice("Higher", "More parameters do not help where they cannot be trained: that is degradation."),
    ),
    controls="Same images, seed, order, epochs, SGD with momentum, cosine schedule; only the depth and the "
    "additions (with their two 1 × 1 convolutions) differ.",
    experiment=experiment,
    claim="The deep plain network has a higher training loss than the shallow one, and additions fix that.",
    surprise=(
        "The plain 56 layers stay near a loss of 2.30, which is ln 10: what guessing among ten digits "
        "gives. With additions they learn, though after four epochs they may still be behind the 20. "
        "Additions make depth trainable; they do not make it free."
    ),
    setting=Setting(
        "layers",
        "Layers of the deep networks",
        ("56", "32", "44"),
        "Try 32 and 44 layers. Where does the plain network begin to fail?",
    ),
    rooms=(
        Room(
            "architectures",
            "The recorded experiment, and gradients layer by layer",
            {"architecture": "resnet", "see": "Gradients"},
            "python -m clfcore architectures gradients",
        ),
        Room(
            "train",
            "Train the deep plain network longer",
            {"data": "digits", "architecture": "resnet", "strategy": "scratch"},
            "python -m clfcore train --data digits --architecture resnet",
            lambda setting: tuple(
                f"{name}={str(value).lower()}" for name, value in network((int(setting) - 2) // 6, skip=False).items()
            ),
        ),
    ),
    sources=(
        Source(
            "He, Zhang, Ren, Sun: Deep residual learning for image recognition, CVPR 2016",
            "https://arxiv.org/abs/1512.03385",
        ),
        Source(
            "Balduzzi and others: The shattered gradients problem, ICML 2017",
            "https://arxiv.org/abs/1702.08591",
        ),
    ),
    study=recorded_study,
)
