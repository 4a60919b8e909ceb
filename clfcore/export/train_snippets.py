"""Parts of an exported train.py: what a recipe's choices are as a few lines of plain torch, with its own numbers."""

from collections.abc import Mapping, Sequence

from clfcore.data.pixels import Preprocess
from clfcore.resolved_config import ResolvedRecipe

DIGITS = '''
def pictures(items, folder):
    """scikit-learn's digits, their values 0..16 stretched to 0..255."""
    grays = np.rint(load_digits().images * (255 / 16)).astype(np.uint8)
    return [Image.fromarray(grays[int(item.rpartition("/")[2])]) for item in items]
'''
FILES = '''
def pictures(items, folder):
    """The files below the folder, upright, in RGB; what is transparent lies on white."""
    for item in items:
        with Image.open(folder / item) as image:
            image.draft(None, (SIDE, SIDE))  # a JPEG may be decoded smaller, though never below SIDE
            image = ImageOps.exif_transpose(image)
            if image.has_transparency_data:
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
            yield image.convert("RGB")
'''
STEP = '''
class Step(dict):
    """Parameters of a change to a picture, by name."""

    number = whole = choice = interval = dict.__getitem__


Target = types.SimpleNamespace  # what the pictures must fit: size and mean
'''
CHANGED = '''
def changed(pixels, draws):
    """Pictures as training shows them: each by its own random numbers, an array a step."""
    $begin
    target = Target(size=SIZE, mean=MEAN)
    for (change, _, step), u in zip(POLICY, draws):
        if change in COMPUTED and pixels.shape[-1] >= $one_by_one:  # large ones one by one, for the cache's sake
            pairs = zip(u, pixels)
            pixels = torch.cat([change(step, row[None], image[None], target=target) for row, image in pairs])
        else:
            pixels = change(step, u, pixels, target=target)
    return pixels
'''
DRAWS = """
tables = [  # a row an image, whatever its place in the order
    np.random.Generator(np.random.PCG64((SEED, epoch, place + 1))).random((len(order), columns))
    for place, (_, columns, _) in enumerate(POLICY)
]
"""
DECAYS = '''
def decays(name, parameter):
    """Weights of layers decay; biases and the scales of normalization do not."""
    return parameter.ndim > 1 and not name.endswith(("pos_embed", "pos_embedding", "cls_token", "class_token"))
'''
PLACE = "x = x.to(memory_format=torch.channels_last)"
GRAY = "\nx = x.as_strided(x.shape, (x.shape[2] * x.shape[3], 1, x.shape[3], 1))"  # as training gives it to a layer

_COSINE = """
def cosine(start, end, share):
    return end + (start - end) * (1 + math.cos(math.pi * min(1.0, max(0.0, share)))) / 2
"""


def helpers(recipe: ResolvedRecipe) -> tuple[str, ...]:
    """Functions that the lines of `schedule` and of the optimizer call."""
    return (DECAYS, _COSINE) if recipe.schedule in ("cosine", "one-cycle", "warmup-cosine") else (DECAYS,)


def schedule(recipe: ResolvedRecipe) -> str:
    """Body of rate_at(step, steps): the factor on the peak rate, as `training.schedules.rate_at` has it."""
    total = "total = max(1, EPOCHS * steps)\n"
    match recipe.schedule:
        case "cosine":
            return f"{total}return cosine(1.0, 0.0, step / total)"
        case "step":
            every = recipe.step_size or -(-recipe.epochs // 3)
            return f"return {recipe.step_factor} ** (step // ({every} * steps))"
        case "one-cycle":
            return (
                f"{total}peak = max(1.0, {recipe.one_cycle_rise} * total - 1)\n"
                "if step <= peak:\n    return cosine(1 / 25, 1.0, step / peak)\n"
                "return cosine(1.0, 1 / 250_000, (step - peak) / max(1, total - 1 - peak))"
            )
        case "warmup-cosine":
            return (
                f"{total}warm = round(min({recipe.warmup_epochs} * steps, total / 5))\n"
                "if step < warm:\n    return (step + 1) / (warm + 1)\n"
                "return cosine(1.0, 0.0, (step - warm) / (total - warm))"
            )
    return "return 1.0"


def optimizer(recipe: ResolvedRecipe) -> str:
    """The call that makes it, from `groups`."""
    match recipe.optimizer:
        case "sgd":
            nesterov = recipe.nesterov and recipe.momentum > 0
            return f"torch.optim.SGD(groups, lr=RATE, momentum={recipe.momentum}, nesterov={nesterov}, fused=True)"
        case "rmsprop":
            return f"torch.optim.RMSprop(groups, lr=RATE, momentum={recipe.momentum})"
        case "adam":
            return "torch.optim.Adam(groups, lr=RATE, fused=True)"
    return "torch.optim.AdamW(groups, lr=RATE, fused=True)"


def loss(recipe: ResolvedRecipe, weights: Sequence[float] | None) -> str:
    """Cross-entropy of a batch; weights: one a class."""
    more = "" if weights is None else f", torch.tensor({list(weights)})"
    return f"F.cross_entropy(logits.float(), y{more}, label_smoothing={recipe.label_smoothing})"


def fit(preprocess: Preprocess) -> str:
    """Body of square(image), from its width and height: `Preprocess.resized` of pictures of 8 bits."""
    if preprocess.fit == "squash":
        return "return image.resize((SIDE, SIDE), resample)"
    if preprocess.fit == "crop":
        return (
            "edge = min(width, height)\nleft, top = (width - edge) / 2, (height - edge) / 2\n"
            "return image.resize((SIDE, SIDE), resample, box=(left, top, left + edge, top + edge))"
        )
    shades = [round(255 * part) for part in preprocess.mean]
    ground = str(shades[0]) if len(shades) == 1 else str(tuple(shades))
    return (
        "scale = SIDE / max(width, height)\n"
        "inner = max(1, round(width * scale)), max(1, round(height * scale))\n"
        f"fitted = Image.new(image.mode, (SIDE, SIDE), {ground})\n"
        "fitted.paste(image.resize(inner, resample), ((SIDE - inner[0]) // 2, (SIDE - inner[1]) // 2))\n"
        "return fitted"
    )


def training_lines(recipe: ResolvedRecipe, *, gray: bool) -> Mapping[str, str]:
    """What a recipe's options add to the loop, by their places in the template; nothing where they are off."""
    prepare, after_step, after_epoch = ["judged = model"], [], []
    if recipe.ema:
        prepare = [f"averaged = averaged_model(model, {recipe.ema})", "judged = averaged.module"]
        after_step = ["averaged.update_parameters(model)"]
    if recipe.schedule == "plateau":
        patience, factor = recipe.plateau_patience, recipe.plateau_factor
        prepare += [f"plateau = Plateau(optimizer, patience={patience}, factor={factor})"]
        after_epoch = ["plateau.after(validation_loss)"]
    if recipe.early_stopping:
        after_epoch += [f"if epoch - best[2] >= {recipe.early_stopping}:", "    break"]
    clip = recipe.gradient_clip
    return {
        "prepare_model": "model.to(memory_format=torch.channels_last)" if recipe.channels_last else "",
        "prepare_training": "\n".join(prepare),
        "place": PLACE + GRAY * gray if recipe.channels_last else "",
        "norm": f"nn.utils.clip_grad_norm_(gradients, {clip})"
        if clip
        else "nn.utils.get_total_norm([p.grad for p in gradients])",
        "after_step": "\n".join(after_step),
        "after_epoch": "\n".join(after_epoch),
    }
