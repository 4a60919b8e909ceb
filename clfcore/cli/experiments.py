"""The commands about transfer: which strategy, which rate, whether more pictures would help, what the cache holds."""

import argparse
from dataclasses import asdict
from typing import Any

from clfcore.cli.flags import configuration, number, recipe_flags, whole
from clfcore.cli.terminal import bar, table


def advise(command: argparse.ArgumentParser) -> None:
    """`advise`: the flags of `train`; with --try, measured on a sample."""
    recipe_flags(command)
    command.add_argument("--try", dest="measure", action="store_true", help="try all strategies on a sample, ranked")
    command.add_argument("--seconds", type=number, default=60.0, metavar="X", help="budget of --try (default 60)")
    command.add_argument("--sample", type=whole, default=300, metavar="N", help="images of --try (default 300)")

    def run(given: argparse.Namespace) -> dict[str, Any]:
        config = configuration(given)
        found = advice(config)
        if given.measure:
            from clfcore.experiments.compare_strategies import compare_strategies

            ranking = compare_strategies(config, seconds=given.seconds, sample=given.sample, progress=bar("training"))
            found["ranking"] = ranking.as_dict()
        return found

    command.set_defaults(run=run)


def advice(config: Any, *, dataset: Any = None) -> dict[str, Any]:
    """The strategy to begin with and why, from sizes and weights alone."""
    from clfcore.architectures.catalogue import architecture
    from clfcore.data.catalogue import open_dataset
    from clfcore.experiments.strategy_advice import advise as suggest

    dataset = open_dataset(config.data, split_seed=config.split_seed) if dataset is None else dataset
    return asdict(suggest(dataset, architecture(config.architecture)))


def find_rate(command: argparse.ArgumentParser) -> None:
    """`find-rate`: the flags of `train`, and the range that is searched."""
    recipe_flags(command)
    command.add_argument("--lowest", type=number, default=1e-6, metavar="X", help="first rate (default 1e-6)")
    command.add_argument("--highest", type=number, default=1.0, metavar="X", help="last rate (default 1)")
    command.add_argument("--steps", type=whole, default=100, metavar="N", help="batches (default 100)")

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore.experiments.lr_finder import find_rate as find

        span = {"lowest": given.lowest, "highest": given.highest, "steps": given.steps}
        found = find(configuration(given), **span, progress=bar("training"))
        return {**asdict(found), "sentence": found.sentence}

    command.set_defaults(run=run)


def more_pictures(command: argparse.ArgumentParser) -> None:
    """`more-pictures`: the flags of `train`; data and architecture are enough."""
    recipe_flags(command)

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore.experiments.learning_curve import learning_curve

        return learning_curve(configuration(given), progress=bar("embedding")).as_dict()

    command.set_defaults(run=run)


def cache(command: argparse.ArgumentParser) -> None:
    """`cache`: what decoded pictures, embeddings and checks take; `cache clear` frees it."""
    command.add_argument("action", nargs="?", choices=["clear"], help="clear deletes all of it")

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore.cache import KINDS, clear, usage

        freed = clear() if given.action == "clear" else 0
        now = usage()
        kinds = {kind: {"files": now[kind].entries, "bytes": now[kind].bytes} for kind in KINDS}
        return {"folder": now.folder, "bytes": now.bytes, "limit": now.limit, **kinds, "freed": freed}

    command.set_defaults(run=run)


def text(result: dict[str, Any]) -> str:
    """Any of these answers as lines."""
    lines = []
    if "reasons" in result:
        then = f"; then {result['then']}" if result["then"] else ""
        lines += [f"begin with {result['strategy']}{then}", *result["reasons"]]
    if "ranking" in result:
        found = result["ranking"]
        names = ("strategy", "score", "interval", "epochs", "seconds", "trainable")
        rows = [[_plain(row[name]) for name in names] for row in found["tried"]]
        lines += ["", table(rows, names), f"on {found['train_items']} training images", found["sentence"]]
    if "suggestion" in result:
        shown = list(zip(result["rates"], result["losses"], strict=True))[:: max(1, len(result["rates"]) // 20)]
        lines += [table([[f"{rate:.1e}", f"{loss:.4f}"] for rate, loss in shown], ("rate", "loss")), result["sentence"]]
    if "points" in result:
        names = ("items", "score", "interval")
        rows = [[_plain(row[name]) for name in names] for row in result["points"]]
        lines += [table(rows, names), result["sentence"]]
    if "freed" in result:
        lines += [f"freed {result['freed'] / 1e6:.1f} MB"] if result["freed"] else []
        names = {
            "decoded": "decoded images",
            "embeddings": "embeddings",
            "checked": "index of checked files",
            "fingerprints": "content fingerprints",
        }
        rows = [[name, result[kind]["files"], f"{result[kind]['bytes'] / 1e6:.1f}"] for kind, name in names.items()]
        lines += [table(rows, ("kept", "entries", "MB"))]
        lines += [f"{result['bytes'] / 1e6:.1f} of at most {result['limit'] / 1e6:,.0f} MB, in {result['folder']}"]
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    return "{:.3f} to {:.3f}".format(*value) if isinstance(value, (tuple, list)) else value
