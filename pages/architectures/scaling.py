"""The Scaling tab: EfficientNet's compound scaling, by the formula and as published."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.architectures.catalogue import configured
from clfcore.architectures.compound_scaling import TARGET, compound, members
from clfcore.architectures.options import number
from clfcore.architectures.scaling_cost import counted_cost
from clfcore.numerals import decimal
from pages.architectures.network import NetworkChoice

if TYPE_CHECKING:
    from clfcore.architectures.catalogue import Architecture


def scaling(row: "Architecture", choice: NetworkChoice) -> None:
    """Compound scaling: the formula for the chosen values, and B0 to B7 against the published values."""
    st.write(
        "One number φ makes EfficientNet deeper (α^φ), wider (β^φ) and its images larger (224·γ^φ). With α·β²·γ² near "
        f"{TARGET:g}, each step of φ doubles the cost."
    )
    if choice.name == "efficientnet":
        values = configured(choice.name, dict(choice.options))[1]
        bases = {name: number(values, name) for name in ("alpha", "beta", "gamma")}
        scaled, counted = compound(number(values, "phi"), **bases), counted_cost(dict(choice.options))
        st.markdown(
            f"**φ = {scaled.phi:g}**: depth × {decimal(scaled.scaling.depth, digits=3)}, "
            f"width × {decimal(scaled.scaling.width, digits=3)}, images "
            f"of {scaled.scaling.image_size} pixels. α·β²·γ² = {scaled.product:.3f} (target {TARGET:g}), "
            f"so {decimal(scaled.cost, digits=3)} times the cost of φ = 0 by the formula; "
            f"{decimal(counted, digits=3)} times its "
            "multiply-adds as counted: layers and widths are rounded to integers, mostly up."
        )
    else:
        st.caption("Choose `efficientnet` to set φ, α, β and γ yourself.")
    st.dataframe(
        [
            {
                "network": member.name,
                "φ": phi,
                "depth": round(member.formula.depth, 2),
                "published depth": member.published.depth,
                "width": round(member.formula.width, 2),
                "published width": member.published.width,
                "image": member.formula.image_size,
                "published image": member.published.image_size,
                "published difference": member.difference,
            }
            for phi, member in enumerate(members())
        ],
        hide_index=True,
        column_config={"published difference": st.column_config.TextColumn(width=330)},
        alt="B0 to B7: formula and published",
    )
