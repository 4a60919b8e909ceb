"""The Scaling tab: EfficientNet's compound scaling, by the formula and as published."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.architectures.catalogue import configured
from clfcore.architectures.compound_scaling import TARGET, compound, members
from clfcore.architectures.options import number
from clfcore.architectures.scaling_cost import counted_cost
from pages.architectures.network import NetworkChoice
from ui.formatting import decimal

if TYPE_CHECKING:
    from clfcore.architectures.catalogue import Architecture


def scaling(row: "Architecture", wanted: NetworkChoice) -> None:
    """EfficientNet's φ: what the formula gives for the chosen values, and B0 to B7 beside what was published."""
    st.write(
        "One number φ makes EfficientNet deeper (α^φ), wider (β^φ) and its images larger (224·γ^φ). With α·β²·γ² near "
        f"{TARGET:g}, each step of φ doubles the cost."
    )
    if wanted.name == "efficientnet":
        values = configured(wanted.name, dict(wanted.options))[1]
        given = {name: number(values, name) for name in ("alpha", "beta", "gamma")}
        found, counted = compound(number(values, "phi"), **given), counted_cost(dict(wanted.options))
        st.markdown(
            f"**φ = {found.phi:g}**: depth × {found.scaling.depth:.3g}, width × {found.scaling.width:.3g}, images of "
            f"{found.scaling.image_size} pixels. α·β²·γ² = {found.product:.3f} (target {TARGET:g}), "
            f"so {decimal(found.cost, digits=3)} times the cost of φ = 0 by the formula; "
            f"{decimal(counted, digits=3)} times its "
            "multiply-adds as counted: layers and widths are rounded to integers, mostly up."
        )
    else:
        st.caption("Choose `efficientnet` to set φ, α, β and γ yourself.")
    st.dataframe(
        [
            {
                "network": one.name,
                "φ": number,
                "depth": round(one.formula.depth, 2),
                "published depth": one.published.depth,
                "width": round(one.formula.width, 2),
                "published width": one.published.width,
                "image": one.formula.image_size,
                "published image": one.published.image_size,
                "published difference": one.difference,
            }
            for number, one in enumerate(members())
        ],
        hide_index=True,
        column_config={"published difference": st.column_config.TextColumn(width=330)},
        alt="B0 to B7: formula and published",
    )
