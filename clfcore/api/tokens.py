"""A vision transformer's patches and tokens, and where one token's attention goes."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from clfcore.api.architectures import network_weights
from clfcore.architectures.options import Options
from clfcore.data.regular_file import read_bytes
from clfcore.errors import InputError
from clfcore.outputs import output_path, save_picture
from clfcore.results import Result

if TYPE_CHECKING:
    from clfcore.explain.tokens import TokenView


@dataclass(frozen=True)
class QueryAttention(Result):
    """Attention of one token in one block of a vision transformer; blocks, heads, rows and columns count from 1.

    head: None is the mean of all. attention: rows x columns, the share of each patch; prefix_attention: of each token
    before them; together 1. position_similarity: cosine to each patch's positional embedding; None where there is none.
    """

    model: str
    weights: str
    image_size: int
    patch: int
    rows: int
    columns: int
    prefix: tuple[str, ...]
    tokens: int
    width: int | None
    blocks: int
    heads: int
    block: int
    head: int | None
    query: str
    attention: tuple[tuple[float, ...], ...]
    prefix_attention: tuple[float, ...]
    position_similarity: tuple[tuple[float, ...], ...] | None
    out: Path | None


def token_attention(
    name: str,
    image: Path,
    out: Path | None = None,
    *,
    block: int | None = None,
    head: int | None = None,
    query: str | None = None,
    weights: str | None = None,
    options: Options | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    overwrite: bool = False,
    runs: Path | None = None,
) -> QueryAttention:
    """Where a token of a vision transformer (an architecture or a run) attends to in an image; `out`: the map as a PNG.

    block: from 1, None the last; head: from 1, None the mean of all; query: `class token` or another token before the
    patches, or ROW,COLUMN of a patch; None is the first token. weights: as of `feature_maps`. Raises InputError.
    """
    from clfcore.explain import tokens
    from clfcore.explain.token_network import token_network

    if out is not None and out.suffix.lower() != ".png":
        raise InputError(f"out is {str(out)!r}: it must end in .png")
    if not image.is_file():
        raise InputError(f"image is {str(image)!r}: there is no such file")
    goal = None if out is None else output_path(out, inputs=[image], overwrite=overwrite)
    unchanged = not options and image_size is None and channels is None
    classifier, origin = network_weights(name, weights, unchanged=unchanged, runs=runs)
    view = token_network(
        name, read_bytes(image), classifier=classifier, options=options, image_size=image_size, channels=channels
    )
    token = query_token(view, query)
    place = _place("block", len(view.blocks) if block is None else block, len(view.blocks))
    which = None if head is None else _place("head", head, view.heads)
    spread = tokens.attention_from(view, token, block=place, head=which)
    near = tokens.position_similarity(view, token)
    if goal is not None:
        save_picture(Image.fromarray(tokens.attention_picture(view, spread)), goal, "PNG")
    return QueryAttention(
        name,
        origin,
        view.square.shape[0],
        view.patch,
        view.rows,
        view.columns,
        view.prefix,
        view.tokens,
        view.width,
        len(view.blocks),
        view.heads,
        place + 1,
        head,
        view.name(token),
        tuple(tuple(map(float, row)) for row in spread.patches),
        spread.prefix,
        None if near is None else tuple(tuple(map(float, row)) for row in near),
        goal,
    )


def query_token(view: "TokenView", query: str | None) -> int:
    """The token that a text names. Raises InputError that says which there are."""
    if query is None:
        return 0
    if query in view.prefix:
        return view.prefix.index(query)
    row, comma, column = query.partition(",")
    if comma and row.strip().isdecimal() and column.strip().isdecimal():
        down, across = int(row), int(column)
        if 1 <= down <= view.rows and 1 <= across <= view.columns:
            return len(view.prefix) + (down - 1) * view.columns + across - 1
    names = "".join(f"{name}, " for name in view.prefix)
    raise InputError(
        f"query is {query!r}: it must be {names}or ROW,COLUMN of a patch from 1,1 to {view.rows},{view.columns}"
    )


def _place(what: str, value: int, count: int) -> int:
    if not 1 <= value <= count:
        raise InputError(f"{what} is {value}: it must be from 1 to {count}")
    return value - 1
