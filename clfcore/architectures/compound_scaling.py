"""EfficientNet's compound scaling: depth α^φ, width β^φ, image 224·γ^φ, and where the published networks differ.

Tan and Le, EfficientNet, 2019, equation 3 and section 3.3.
"""

from dataclasses import dataclass

ALPHA, BETA, GAMMA = 1.2, 1.1, 1.15  # found by the paper's grid search at φ = 1
TARGET = 2.0  # of α·β²·γ²: the factor of cost that each step of φ should bring
MEMBERS = 8  # B0 to B7


@dataclass(frozen=True)
class Scaling:
    """Multipliers of the layers a stage and of their widths, and the image side in pixels."""

    depth: float
    width: float
    image_size: int


@dataclass(frozen=True)
class Compound:
    """What φ, α, β and γ give. `product` is α·β²·γ², beside its target 2; `cost` the factor against φ = 0."""

    phi: float
    scaling: Scaling
    product: float
    cost: float


# as published with the networks, by φ = 0 … 7 (the paper's authors' code; torchvision builds from the same)
PUBLISHED = (
    Scaling(1.0, 1.0, 224),
    Scaling(1.1, 1.0, 240),
    Scaling(1.2, 1.1, 260),
    Scaling(1.4, 1.2, 300),
    Scaling(1.8, 1.4, 380),
    Scaling(2.2, 1.6, 456),
    Scaling(2.6, 1.8, 528),
    Scaling(3.1, 2.0, 600),
)


def compound(phi: float, *, alpha: float = ALPHA, beta: float = BETA, gamma: float = GAMMA) -> Compound:
    """Depth, width and image size for φ. Cost grows with depth, with the square of width and with that of the side.

    >>> compound(1).scaling
    Scaling(depth=1.2, width=1.1, image_size=258)
    >>> round(compound(1).product, 2)
    1.92
    """
    product = alpha * beta**2 * gamma**2
    scaling = Scaling(alpha**phi, beta**phi, round(224 * gamma**phi))
    return Compound(phi, scaling, product, product**phi)


@dataclass(frozen=True)
class Member:
    """One of B0 … B7: what the formula gives, what was published, the difference in words (published, not formula)."""

    name: str
    formula: Scaling
    published: Scaling
    difference: str


def members() -> tuple[Member, ...]:
    """B0 … B7, formula against published."""
    return tuple(_member(number) for number in range(MEMBERS))


def _member(number: int) -> Member:
    formula, published = compound(number).scaling, PUBLISHED[number]
    parts = [
        f"{what} {old:.3g}, not {new:.3g}"
        for what, old, new in (
            ("depth", published.depth, formula.depth),
            ("width", published.width, formula.width),
            ("image", published.image_size, formula.image_size),
        )
        if abs(old - new) > 0.005 * new
    ]
    text = "; ".join(parts) if parts else "none"
    return Member(f"efficientnet_b{number}", formula, published, text)


def dropout(phi: float) -> float:
    """Share of features dropped before the classifier: from 0.2 at φ = 0 to 0.5 at 7 (section 5.2)."""
    return round(0.2 + 0.3 * min(phi, 7) / 7, 4)
