"""How versions of a dataset, decisions and differences read as text."""

from clfcore.cli.command import Values
from clfcore.cli.terminal import table

SHOWN = 20


def versions(result: Values) -> str:
    """A line a version, and what waits to become one."""
    rows = [
        [
            v["name"],
            v["parent"] or result["data"],
            v["created"][:16].replace("T", " "),
            changes(v["counts"]),
            v["digest"],
        ]
        for v in result["versions"]
    ]
    lines = [table(rows, ["version", "based on", "made", "changes", "digest"])] if rows else []
    if not rows:
        lines.append(f"{result['data']} has no version yet: `clflab datasets correct` makes one")
    lines += [f"{_counted(result['decided'], 'decision')} on {result['data']} itself"] if result["decided"] else []
    return "\n".join(lines)


def corrected(result: Values) -> str:
    """What was decided, and the version."""
    done, version = result["corrected"], result["version"]
    what = (
        "nothing new was decided"
        if not done
        else f"{_counted(abs(done), 'decision')} {'kept' if done > 0 else 'taken back'}"
    )
    lines = [f"{result['data']}: {what}, {_counted(result['decisions'], 'picture')} decided in all"]
    if version is not None:
        lines.append(f"{version['spec']}: {changes(version['counts'])}; digest {version['digest']}")
        lines.append(f"its items as a table: {version['manifest']}")
    return "\n".join(lines)


def decisions(result: Values) -> str:
    """A line a decision."""
    rows = [
        [one["item"], one["given"], one["action"], "; ".join(one["label"]) or one["group"], one["note"]]
        for one in result["decisions"]
    ]
    if not rows:
        return f"nothing is decided on {result['data']}"
    return table(rows, ["item", "given", "decided", "label or group", "note"])


def difference(result: Values) -> str:
    """What differs, the first of each kind by name."""
    a, b = result["a"], result["b"]
    lines = [f"{a} (digest {result['digest_a']}) and {b} (digest {result['digest_b']})"]
    lines.append(f"{_counted(result['common'], 'picture')} in both")
    sections = (
        ("relabeled", [f"{one['item']}: {one['a']} -> {one['b']}" for one in result["relabeled"]]),
        (f"only in {a}", result["only_a"]),
        (f"only in {b}", result["only_b"]),
        ("in another split", [f"{one['item']}: {one['a']} -> {one['b']}" for one in result["moved"]]),
        ("in another group", result["regrouped"]),
    )
    for name, listed in sections:
        if listed:
            lines.append(f"{name}: {len(listed):,}")
            lines += [f"  {one}" for one in listed[:SHOWN]]
            lines += [f"  … {len(listed) - SHOWN:,} more with --json"] if len(listed) > SHOWN else []
    return "\n".join(lines) if len(lines) > 2 else "\n".join([*lines, "no difference"])


def changes(counts: Values) -> str:
    """What a version changes of its parent."""
    names = ("relabeled", "dropped", "grouped", "moved", "added")
    return ", ".join(f"{counts[name]:,} {name}" for name in names if counts[name]) or "no change"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
