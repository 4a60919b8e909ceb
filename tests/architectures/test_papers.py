"""What timm carries of a network: papers from its module's text and its weights' metadata, the block's own source."""

import inspect
import re

import pytest
import timm
from timm.models import resnet, swin_transformer, vgg, vision_transformer

from clfcore.architectures import timm_papers
from clfcore.architectures.papers import about
from clfcore.architectures.shapes_alone import shapes_alone


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("resnet50", resnet.Bottleneck),
        ("resnet18", resnet.BasicBlock),
        ("vit_tiny_patch16_224", vision_transformer.Block),
        ("swin_tiny_patch4_window7_224", swin_transformer.SwinTransformerBlock),
        ("vgg11", vgg.VGG),  # repeats no block
    ],
)
def test_the_block_is_the_one_that_the_network_repeats(name: str, block: type) -> None:
    found = about(f"timm/{name}")
    assert found.block == f"{block.__qualname__} of {block.__module__}"
    assert found.source == inspect.getsource(block)
    with shapes_alone():
        assert any(isinstance(part, block) for part in timm.create_model(name).modules())


def test_papers_are_those_that_timms_module_lists() -> None:
    found = about("timm/convnextv2_atto")
    first, second = found.papers[:2]
    assert (first.title, first.url, first.year) == ("A ConvNet for the 2020s", "https://arxiv.org/abs/2201.03545", 2022)
    assert first.authors[0] == "Zhuang Liu"
    assert first.authors[-1] == "Saining Xie"
    assert second.authors[:2] == ("Sanghyun Woo", "Shoubhik Debnath")  # written with commas there
    config = timm.get_pretrained_cfg("convnextv2_atto")
    assert config.paper_ids.endswith(second.url.rpartition("/")[2])
    assert any(f"names {second.title} ({second.url})" in note for note in found.notes)
    assert any(config.license in note and config.origin_url in note for note in found.notes)


def test_what_timm_does_not_carry_is_said() -> None:
    notes = " ".join(about("timm/csatv2").notes)
    assert "timm's module timm.models.csatv2 names no paper." in notes
    assert "whose license its metadata does not name, of an origin that its metadata does not name" in notes
    assert about("timm/starnet_s1").papers[0].authors == ()
    assert "Where no authors stand, it does not name them" in " ".join(about("timm/starnet_s1").notes)
    assert about("timm/resnet18").papers[0].authors[0] == "Kaiming He"  # of the family that clflab describes itself
    assert about("timm/resnet18").idea == about("resnet18").idea


def test_bibtex_authors_are_read_in_both_orders() -> None:
    text = """
* `One Title` - https://arxiv.org/abs/2101.00001
* `Two Title` - https://arxiv.org/pdf/2101.00002
@article{a,
  author = {Li, Yanyu and Ren, Jian},
  title  = {One {T}itle},
}
@inproceedings{b,
  title={Two Title},
  author={Jun Ho, Ann Bee and Cy Dee},
}
"""
    found = [(paper.title, paper.authors) for paper in timm_papers.papers(text)]
    assert found == [("One Title", ("Yanyu Li", "Jian Ren")), ("Two Title", ("Jun Ho", "Ann Bee", "Cy Dee"))]


@pytest.mark.slow
def test_every_family_of_timm_has_its_blocks_source() -> None:
    """One network a family, the smallest: all 98 give a class of timm's own that the built network holds."""
    from clfcore.architectures import timm_index
    from clfcore.architectures.timm_row import Row

    smallest: dict[str, Row] = {}
    for row in timm_index.rows():
        best = smallest.get(row.family)
        if best is None or (row.parameters or 1e12) < (best.parameters or 1e12):
            smallest[row.family] = row
    assert len(smallest) >= 90
    without = []
    for family, row in smallest.items():
        found = about(f"timm/{row.name}")
        assert re.match(r"(@.*\n)*class ", found.source), family  # decorators may stand above
        assert found.block.partition(" of ")[2].startswith("timm.")
        without += [family] * (not found.papers)
    assert without == ["csatv2"]
