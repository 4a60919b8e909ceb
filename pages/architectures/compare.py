"""The Compare tab: another network next to the chosen one, drawn to one scale, and what differs."""

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.architectures.catalogue import configured
from clfcore.numerals import decimal
from pages.architectures.network import BESIDE, NetworkChoice, diagram, table_of
from ui.architecture_picker import choose_architecture
from ui.fields import choose_options
from ui.messages import escape_markdown, refusals
from ui.session import COMPARED_ARCHITECTURE

if TYPE_CHECKING:
    from clfcore.architectures.summary import Table


def compare(table: "Table", choice: NetworkChoice) -> None:
    """Another network beside this one, at the same chosen sizes, drawn to one scale; and a table of what differs."""
    from clfcore.architectures.comparison import differences

    row = choose_architecture(key=COMPARED_ARCHITECTURE.key, label="Compare with", default=BESIDE)
    with refusals():
        options = choose_options(row, address="other")
        configured(row.name, options)
    other = table_of(replace(choice, name=row.name, options=tuple(options.items())))
    side = max(table.image_size, other.image_size)
    left, right = st.columns(2, gap="medium")
    for column, network, key in ((left, table, "left"), (right, other, "right")):
        with column:
            st.markdown(f"**{escape_markdown(network.architecture.name)}**")
            diagram(network, key=f"beside {key}", side=side)
    result = differences(table, other)
    st.write(escape_markdown(result.describe()))
    a, b = result.a, result.b if result.b != result.a else f"{result.b} (other)"
    st.dataframe(
        [
            {
                "": "" if line.same else "≠ differs",
                "what": line.what,
                a: line.a,
                b: line.b,
                "ratio": "–" if line.ratio is None else decimal(line.ratio, digits=3),
            }
            for line in result.rows
        ],
        hide_index=True,
        height="content",
        column_config={
            "": st.column_config.TextColumn(width=70),
            "what": st.column_config.TextColumn(width=250),
            "ratio": st.column_config.TextColumn(width=60, help=f"{b} divided by {a}."),
            a: st.column_config.TextColumn(width=285),
            b: st.column_config.TextColumn(width=285),
        },
        alt="Comparison of two networks",
    )
