"""A run's configuration once its network is chosen, and once nothing is open."""

from pydantic import Field, JsonValue, ValidationError

from clfcore.config import Policy, Recipe, RunConfig, Strategy, checked


class ResolvedRecipe(Recipe):
    """A recipe with nothing open."""

    epochs: int
    batch_size: int
    image_size: int
    learning_rate: float
    augmentation: Policy | dict[str, JsonValue]
    trainable_groups: int
    backbone_learning_rate: float
    freeze_batch_norm: bool
    cached_views: int = 0  # runs of before drew anew each epoch


class NetworkConfig(RunConfig):
    """A configuration whose network is chosen, as every run's folder keeps it."""

    architecture: str = Field(min_length=1, description=RunConfig.model_fields["architecture"].description)


class ResolvedConfig(NetworkConfig):
    """A configuration with nothing open, as `resolve` makes it and a run's folder keeps it."""

    weights: str
    strategy: Strategy
    recipe: ResolvedRecipe


def as_resolved(config: RunConfig) -> ResolvedConfig | None:
    """The configuration with nothing open, as a run's folder keeps it once resolved; None where a field is open."""
    try:
        return ResolvedConfig.model_validate(config.model_dump(exclude_unset=True))
    except ValidationError:
        return None


def with_name(config: RunConfig) -> NetworkConfig:
    """The configuration of a network that is named. Raises InputError where it is not."""
    values = config.model_dump(exclude_unset=True)
    return checked(NetworkConfig, {name: value for name, value in values.items() if value is not None})
