"""The Patches and tokens tab: a vision transformer's view of a picture, and where one token's attention goes."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.progress import Progress
from pages.architectures.network import NetworkChoice
from pages.architectures.photo_input import choose_weights_and_photo
from ui.cards import Card, card_grid, cards, picture
from ui.charts import Place, dark, on_click
from ui.formatting import count, join_names, percent
from ui.jobs import background, result_of
from ui.loaders import Files, by_files, classifier
from ui.session import SessionValue

if TYPE_CHECKING:
    from clfcore.architectures.catalogue import Architecture
    from clfcore.classifier import Classifier
    from clfcore.explain.tokens import TokenView

QUERY = SessionValue[int]("token query")
SIDE = 330  # pixels of a map
MEAN = -1  # the head that stands for all


def tokens(row: "Architecture", choice: NetworkChoice) -> None:
    """Patches and prefix tokens of a picture, attention of a block and head from a token, positional embeddings."""
    model, photo = choose_weights_and_photo(row, choice, key="tokens")
    opened = classifier(model) if model else None
    job = _view_of(model, choice=choice, data=photo.data, _classifier=opened)
    view = result_of(job, "Running the image through the network")
    _describe(view)
    block, head = _choose_attention(view)
    query = QUERY.get() or 0
    left, middle, right = st.columns(3, gap="medium")
    with left:
        _patches(view, query)
    with middle:
        _attention(view, query, block=block, head=head)
    with right:
        _positions(view, query)
    _every_head(view, query, block)


def _describe(view: "TokenView") -> None:
    size, cut = view.square.shape[0], f"{view.rows} × {view.columns} patches of {view.patch} × {view.patch} pixels"
    width = f", a vector of {count(view.width)} numbers" if view.width else ""
    place = "" if view.positions is None else "; an embedding of its position is added to it"
    before = f" Before the patches' tokens stand the network's own: {join_names(view.prefix)}." if view.prefix else ""
    st.write(
        f"The network cuts its {size} × {size}-pixel input into {cut}. Each patch becomes a token{width}{place}."
        f"{before} In each of {count(len(view.blocks), 'block')}, each of the {count(view.tokens, 'token')} gathers "
        f"from all of them, by {count(view.heads, 'head')} at once; its attention is how much it takes from which."
    )


def _choose_attention(view: "TokenView") -> tuple[int, int]:
    """Block and head, from 0; MEAN: of all heads. The query stands under its own key."""
    if not 0 <= (QUERY.get() or 0) < view.tokens:
        QUERY.forget()  # of another network
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Query: attention of the",
            range(view.tokens),
            format_func=view.name,
            key=QUERY.key,
            width=230,
            help="Patches are named by row and column, from 1. A click on a patch chooses it too.",
        )
        blocks = len(view.blocks)
        block = st.selectbox(
            "Block", range(1, blocks + 1), blocks - 1, key=f"token block {blocks}", width=120,
            help="In the order of the pass; early ones often attend near their own place, late ones to what matters "
            "for the class.",
        )  # fmt: skip
        head = st.selectbox(
            "Head",
            [MEAN, *range(view.heads)],
            format_func=lambda n: f"mean of {view.heads}" if n == MEAN else f"{n + 1}",
            key=f"token head {view.heads}",
            width=150,
        )
    return block - 1, head


def _patches(view: "TokenView", query: int) -> None:
    from clfcore.figures.tokens import tokens as figure

    st.markdown("**Patches and tokens**")
    on_click(figure(view, query=query, dark=dark()), f"tokens {view.tokens}", _choose)
    st.caption(f"Query: {view.name(query)}. Click a patch or a token above the picture to choose it.")


def _choose(place: Place) -> None:
    QUERY.set(int(place[0]))


def _attention(view: "TokenView", query: int, *, block: int, head: int) -> None:
    from clfcore.explain.tokens import attention_from, attention_picture

    spread = attention_from(view, query, block=block, head=None if head == MEAN else head)
    title = f"block {block + 1}, " + ("mean of heads" if head == MEAN else f"head {head + 1}")
    st.markdown(f"**Attention**, {title}")
    shown = picture(attention_picture(view, spread), side=SIDE, lossless=True)
    cards([Card(shown, f"Attention of the {view.name(query)}, {title}")], side=SIDE)
    place = int(spread.patches.argmax())
    most = view.name(len(view.prefix) + place)
    own = [f"{percent(part)} on the {name}" for name, part in zip(view.prefix, spread.prefix, strict=True)]
    text = (
        f"The most, {percent(float(spread.patches.max()))}, goes to {most}; an even share is {percent(1 / view.tokens)}"
    )
    st.caption(f"{text}. {join_names(own)}." if own else f"{text}.")


def _positions(view: "TokenView", query: int) -> None:
    from clfcore.explain.tokens import position_similarity, similarity_picture

    st.markdown("**Positional embedding**, similarity")
    near = position_similarity(view, query)
    if near is None:
        st.caption(
            "This network adds no embedding of its own for each position."
            if view.positions is None
            else "Choose a patch: prefix tokens have no place in the picture."
            if query < len(view.prefix)
            else "The embeddings are all zero: nothing was learned yet."
        )
        return
    shown = picture(similarity_picture(view, near), side=SIDE, lossless=True)
    cards([Card(shown, f"Similarity of positions to {view.name(query)}")], side=SIDE)
    st.caption(
        f"Cosine similarity of the embedding of {view.name(query)} to that of each patch, {near.min():.2f} (dark) to 1 "
        "(bright). Learned embeddings are alike near each other, in the same row and in the same column; random ones "
        "are alike nowhere."
    )


def _every_head(view: "TokenView", query: int, block: int) -> None:
    from clfcore.explain.tokens import attention_from, attention_picture

    st.markdown(f"**Every head of block {block + 1}**, from the {view.name(query)}")
    shown = []
    for head in range(view.heads):
        pixels = attention_picture(view, attention_from(view, query, block=block, head=head))
        shown.append(Card(picture(pixels, side=128), f"head {head + 1}", truth=f"head {head + 1}"))
    card_grid(shown, side=112)


@by_files
@background(entries=2)
def _view_of(
    progress: Progress,
    model: str,
    files: Files,
    *,
    choice: NetworkChoice,
    data: bytes,
    _classifier: "Classifier | None",
) -> "TokenView":
    from clfcore.explain.token_network import token_network

    return token_network(
        choice.name,
        data,
        classifier=_classifier,
        options=dict(choice.options),
        image_size=choice.image_size,
        channels=choice.channels,
    )
