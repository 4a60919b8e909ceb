"""Views of the training images that are drawn once: embedded by feature extraction, or taken in turn by fine-tuning."""

from clfcore.errors import InputError
from clfcore.resolved_config import ResolvedConfig


def embedded_views(config: ResolvedConfig, train_items: int) -> str:
    """What more views of feature extraction cost, in a sentence. Raises InputError where they would all be the same."""
    views = config.recipe.views
    if config.recipe.augmentation == "none":
        raise InputError(
            f"recipe.views is {views}: without augmentation all views are alike; choose a policy, or 1 view"
        )
    return (
        f"{views} views: the network sees {views * train_items:,} training images instead of {train_items:,}, once; "
        "they are kept in the cache."
    )


def check_cached_views(config: ResolvedConfig) -> None:
    """Raises InputError where nothing that frozen layers make of a view could be kept, or used again."""
    recipe = config.recipe
    if not recipe.cached_views:
        return
    reason = ""
    if config.strategy != "fine-tuning":
        reason = f"and strategy is {config.strategy!r}: only fine-tuning has layers that stay frozen; leave it out"
    elif not recipe.trainable_groups:
        reason = "and recipe.trainable_groups is 0: no layer is frozen; train fewer groups, or leave it out"
    elif recipe.mixup or recipe.cutmix:
        name = "mixup" if recipe.mixup else "cutmix"
        reason = f"and recipe.{name} is {getattr(recipe, name):g}: mixed pictures are new each time; leave one out"
    elif recipe.compile:
        reason = "and recipe.compile is true: only a network that is not compiled can be cut; leave one out"
    elif recipe.cached_views > 1 and recipe.augmentation == "none":
        reason = "and there is no augmentation, so that all views are alike: take 1, or choose a policy"
    elif recipe.cached_views > recipe.epochs:
        reason = f"and recipe.epochs is {recipe.epochs}: each epoch takes one view, so take {recipe.epochs} at most"
    if reason:
        raise InputError(f"recipe.cached_views is {recipe.cached_views} {reason}")
