"""Option rules: what is read, what is refused, and in which words."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clfcore.architectures.options import BY_NAME, settle
from clfcore.errors import InputError


def settled(name, **given):
    return settle(name, BY_NAME[name], given)


@pytest.mark.parametrize("name", BY_NAME)
def test_defaults_keep_their_own_rules(name):
    assert set(settled(name)) == {option.name for option in BY_NAME[name]}


def test_values_may_be_text_or_json():
    assert settled("resnet", depths="1,2", skip="False") == settled("resnet", depths=[1, 2], skip=False)
    assert settled("vgg", layers="8, m,16")["layers"] == (8, "M", 16)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        (
            "vgg",
            {"layer": 1},
            "option layer is not one of vgg: its options are layers, batch_norm, hidden .did you mean layers",
        ),
        (
            "vgg",
            {"layers": "64,X"},
            "option layers is '64,X': it must be 1 to 64 widths from 1 to 2048 .* such as 64,M,128,M",
        ),
        ("vgg", {"layers": ",".join(["8"] * 3000)}, r"option layers is '8,8,.*…': it must be 1 to 64 widths"),
        ("vgg", {"layers": "M,64"}, "option layers is 'M,64'"),
        ("vgg", {"layers": ""}, "option layers is ''"),
        ("vgg", {"layers": "8" + ",M" * 9}, "at most 8 M"),
        (
            "resnet",
            {"depths": "0,2"},
            "option depths is '0,2': it must be 1 to 5 whole numbers from 1 to 100, 200 in all at most",
        ),
        ("resnet", {"depths": "100,100,100"}, "200 in all"),
        ("resnet", {"width": -1}, "option width is -1: it must be a whole number from 4 to 256"),
        ("resnet", {"width": True}, "option width is True"),
        ("resnet", {"skip": "perhaps"}, "option skip is 'perhaps': it must be true or false"),
        ("resnet", {"block": "dense"}, "option block is 'dense': it must be one of basic, bottleneck"),
        ("efficientnet", {"phi": "nan"}, "option phi is 'nan': it must be a number from 0 to 7"),
        ("efficientnet", {"phi": -1}, "option phi is -1"),
        ("lenet5", {"activation": 3}, "option activation is 3: it must be one of tanh, relu"),
    ],
)
def test_refusals(name, given, message):
    with pytest.raises(InputError, match=message):
        settled(name, **given)


def test_networks_without_options_say_so():
    with pytest.raises(
        InputError,
        match=r"option width is not one of resnet18: it has none .lenet5, vgg, resnet, efficientnet, airbench have",
    ):
        settle("resnet18", (), {"width": 3})


@given(
    value=st.text() | st.integers() | st.floats() | st.booleans() | st.none() | st.lists(st.integers()),
    name=st.sampled_from(sorted(BY_NAME)),
)
def test_anything_is_read_or_refused(value, name):
    for option in BY_NAME[name]:
        with contextlib.suppress(InputError):
            settle(name, BY_NAME[name], {option.name: value})
