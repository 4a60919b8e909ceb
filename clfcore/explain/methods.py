"""Catalogue of the methods: name, title, source and cost of each. Loads no torch."""

from dataclasses import dataclass
from typing import Literal

from clfcore.errors import unknown


@dataclass(frozen=True)
class Method:
    """Method of explanation.

    passes: about how many forward passes it takes. layered: it shows one layer, which may be chosen. classed: it
    depends on the target. fine: its maps have the resolution of the pixels.
    """

    name: str
    title: str
    says: str
    source: str
    kind: Literal["cam", "attention", "gradient", "output"]
    passes: int
    layered: bool
    classed: bool = True
    fine: bool = False

    @property
    def quick(self) -> bool:
        """At most 20 forward passes: quick enough for a page to run unasked, and for the default check."""
        return self.passes <= 20


METHODS: tuple[Method, ...] = (
    Method(
        "gradcam",
        "Grad-CAM",
        "Channels of a layer, weighted by the mean gradient of the target: coarse, quick, and a good start.",
        "Selvaraju et al. 2017, Grad-CAM",
        "cam",
        2,
        True,
    ),
    Method(
        "gradcam++",
        "Grad-CAM++",
        "As Grad-CAM, weighted pixel by pixel: covers several objects of the class better.",
        "Chattopadhay et al. 2018, Grad-CAM++",
        "cam",
        2,
        True,
    ),
    Method(
        "hirescam",
        "HiResCAM",
        "Activation times gradient, position by position: from the last layer, it shows only what raised the score.",
        "Draelos and Carin 2020, HiResCAM",
        "cam",
        2,
        True,
    ),
    Method(
        "layercam",
        "LayerCAM",
        "Activation times positive gradient: stays readable at early layers, where maps are finer.",
        "Jiang et al. 2021, LayerCAM",
        "cam",
        2,
        True,
    ),
    Method(
        "xgradcam",
        "XGrad-CAM",
        "As Grad-CAM, each channel weighted by its gradients where it is active, so that channels add up to the score.",
        "Fu et al. 2020, Axiom-based Grad-CAM",
        "cam",
        2,
        True,
    ),
    Method(
        "eigencam",
        "EigenCAM",
        "The strongest pattern among the channels, whatever the class: what stands out to the network at all.",
        "Muhammad and Yeasin 2020, Eigen-CAM",
        "cam",
        1,
        True,
        classed=False,
    ),
    Method(
        "eigengradcam",
        "EigenGrad-CAM",
        "The strongest pattern of activation times gradient: smooth maps as of EigenCAM, for the class.",
        "Muhammad and Yeasin 2020, Eigen-CAM; Gildenblat 2021, its form with gradients in pytorch-grad-cam",
        "cam",
        2,
        True,
    ),
    Method(
        "fem",
        "FEM",
        "Channels weighted by their share of positions two deviations above the mean, whatever the class.",
        "Fuad et al. 2020, Features understanding in 3D CNNs",
        "cam",
        1,
        True,
        classed=False,
    ),
    Method(
        "scorecam",
        "Score-CAM",
        "Masks the picture with each channel and weights the channel by the resulting score; no gradients.",
        "Wang et al. 2020, Score-CAM",
        "cam",
        129,
        True,
    ),
    Method(
        "ablationcam",
        "Ablation-CAM",
        "Switches each channel off and weights it by how far the score falls; no gradients.",
        "Desai and Ramaswamy 2020, Ablation-CAM",
        "cam",
        200,
        True,
    ),
    Method(
        "attention-rollout",
        "Attention rollout",
        "The product of all layers' attention: what the class token of a transformer could draw on.",
        "Abnar and Zuidema 2020, Quantifying attention flow in transformers",
        "attention",
        1,
        False,
        classed=False,
    ),
    Method(
        "attention-head",
        "Attention",
        "Attention weights over the positions: of the network's own head, or of one layer of a transformer.",
        "Bahdanau et al. 2015; Dosovitskiy et al. 2021, An image is worth 16 x 16 words",
        "attention",
        1,
        True,
        classed=False,
    ),
    Method(
        "saliency",
        "Saliency",
        "How much the score changes with each pixel: the gradient itself, fine and noisy.",
        "Simonyan et al. 2014, Deep inside convolutional networks",
        "gradient",
        2,
        False,
        fine=True,
    ),
    Method(
        "smoothgrad",
        "SmoothGrad",
        "Saliency averaged over noisy copies of the picture: less noise.",
        "Smilkov et al. 2017, SmoothGrad",
        "gradient",
        16,
        False,
        fine=True,
    ),
    Method(
        "integrated-gradients",
        "Integrated gradients",
        "Gradients summed along the path from a gray picture to this one; they add up to the change of the score.",
        "Sundararajan et al. 2017, Axiomatic attribution for deep networks",
        "gradient",
        32,
        False,
        fine=True,
    ),
    Method(
        "occlusion",
        "Occlusion",
        "Covers each region in turn and shows how far the score falls; needs the outputs alone.",
        "Zeiler and Fergus 2014, Visualizing and understanding convolutional networks",
        "output",
        170,
        False,
    ),
    Method(
        "rise",
        "RISE",
        "Averages many random masks, weighted by the probability that remains; needs the outputs alone.",
        "Petsiuk et al. 2018, RISE",
        "output",
        1000,
        False,
    ),
)

NAMES = tuple(row.name for row in METHODS)


def method(name: str) -> Method:
    """Method of a name. Raises InputError with the nearest names.

    >>> method("gradcam").title
    'Grad-CAM'
    """
    for row in METHODS:
        if row.name == name:
            return row
    raise unknown("method", name, NAMES)
