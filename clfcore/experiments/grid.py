"""Grid of runs: architectures x strategies x seeds on one split with one recipe, as configurations for a queue."""

import itertools
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clfcore.errors import InputError
from clfcore.parse_config import parse_config
from clfcore.resolved_config import NetworkConfig, with_name
from clfcore.results import Result
from clfcore.runs.resolve_run import resolve_run
from clfcore.runs.starting_weights import require_at_hand

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset

MOST = 60  # runs in one queue: more is most likely a slip


@dataclass(frozen=True)
class Refused(Result):
    """A combination that cannot be trained, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Grid:
    """The configurations that can be trained, and the combinations that cannot."""

    configs: tuple[NetworkConfig, ...]
    refused: tuple[Refused, ...]


def grid(
    data: str,
    *,
    architectures: Sequence[str],
    strategies: Sequence[str],
    seeds: Sequence[int],
    recipe: Mapping[str, object] | None = None,
    split_seed: int = 0,
    more: Mapping[str, object] | None = None,
    dataset: "ImageDataset | None" = None,
) -> Grid:
    """Every combination, seeds innermost, so that each network has a first result early. Trains nothing.

    more: other fields of a configuration, the same for all. dataset: what `data` opens as, where the caller has it.
    Raises InputError where nothing is chosen or too much is.
    """
    for name, chosen in (("architectures", architectures), ("strategies", strategies), ("seeds", seeds)):
        if not chosen:
            raise InputError(f"no {name} are chosen: choose at least one")
    total = len(architectures) * len(strategies) * len(seeds)
    if total > MOST:
        raise InputError(f"these are {total} runs: at most {MOST} are queued at once; choose fewer")
    accepted: list[NetworkConfig] = []
    refused: list[Refused] = []
    for architecture, strategy in itertools.product(architectures, strategies):
        configs = [
            with_name(
                parse_config(
                    {
                        **(more or {}),
                        "data": data,
                        "architecture": architecture,
                        "strategy": strategy,
                        "split_seed": split_seed,
                        "recipe": {**(recipe or {}), "seed": seed},
                    }
                )
            )
            for seed in seeds
        ]
        try:
            resolved = resolve_run(configs[0], dataset=dataset)
            require_at_hand(architecture, resolved.config.weights)
        except InputError as error:
            refused.append(Refused(f"{architecture}, {strategy}", str(error)))
        else:
            accepted += configs
    return Grid(tuple(accepted), tuple(refused))


def command_of(
    data: str, *, architectures: Sequence[str], strategies: Sequence[str], seeds: int, epochs: int | None
) -> str:
    """The command line that trains and compares the same.

    >>> command_of("digits", architectures=["lenet5", "resnet18"], strategies=["scratch"], seeds=3, epochs=5)
    'python -m clfcore train-to-compare --data digits --architecture lenet5,resnet18 --seeds 3 --epochs 5'
    """
    command = ["python", "-m", "clfcore", "train-to-compare", "--data", data, "--architecture", ",".join(architectures)]
    if list(strategies) != ["scratch"]:
        command += ["--strategy", ",".join(strategies)]
    command += ["--seeds", str(seeds)]
    return shlex.join(command + (["--epochs", str(epochs)] if epochs is not None else []))
