"""Network cut behind its last frozen stage: images -> activations there, and activations -> logits.

While those stages stay as they are, what they make of an image never changes, so it can be kept and trained from. The
network itself answers for both parts, its frozen units left out: a forward pass may do more than call its units in a
row. Whether that gives the same logits is tried on a batch before it is relied on.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from clfcore.architectures.stages import stage_units
from clfcore.randomness import Stream


class NotCuttable(Exception):
    """What the later stages answer depends on more than the output of the last frozen one."""


class _Reached(Exception):
    """The forward pass came to the cut."""


@dataclass(frozen=True, eq=False)
class CutNetwork:
    """A network and the unit behind which it is cut.

    skipped: the frozen units before it, with the shape of what each of them answers, less the batch. image: C x S x S.
    shape and dtype: of one image's activations. order: dimensions of a batch of them as memory holds them, the batch
    first.
    """

    module: nn.Module
    unit: str
    skipped: Mapping[str, torch.Size]
    image: torch.Size
    shape: torch.Size
    dtype: torch.dtype
    order: tuple[int, ...]

    def activations(self, x: Tensor) -> Tensor:
        """B x C x S x S -> B x shape: what the frozen stages make of images."""
        reached: list[Tensor] = []

        def stop(_: nn.Module, __: object, output: Tensor) -> None:
            reached.append(output)
            raise _Reached

        handle = self.module.get_submodule(self.unit).register_forward_hook(stop)
        try:
            with contextlib.suppress(_Reached):
                self.module(x)
        finally:
            handle.remove()
        return reached[0]

    def logits(self, activations: Tensor) -> Tensor:
        """B x shape -> B x columns: the rest of the network on what `activations` gave, which stays as it is."""
        count = len(activations)
        blank = activations.new_zeros(())
        answers = {name: blank.expand(count, *shape) for name, shape in self.skipped.items()}
        answers[self.unit] = activations.clone()  # the next unit may work in place
        with _answering(self.module, answers):
            return self.module(blank.expand(count, *self.image))


def cut(module: nn.Module, frozen: Sequence[str], x: Tensor) -> CutNetwork:
    """The network cut behind the last of its frozen layer groups.

    frozen: their names, the stem first. module: in the mode that it trains in, so that what is frozen is in eval mode;
    it is left in it. x: two images or more, of which both parts together must make the same logits as the whole, to the
    bit. Raises NotCuttable.
    """
    units = [name for group in frozen for name in stage_units(module).get(group, ())]
    if not units:
        raise NotCuttable("nothing before its first trained stage is frozen")
    modes = {part: part.training for part in module.modules()}
    try:
        module.eval()
        with torch.no_grad():
            answers, expected = _answers(module, units, x)
            if list(answers)[-1:] != units[-1:]:
                raise NotCuttable(f"{units[-1]}, its last frozen unit, is not the last of them to answer")
            last = answers.pop(units[-1])
            network = CutNetwork(
                module,
                units[-1],
                {name: answer.shape[1:] for name, answer in answers.items()},
                image=x.shape[1:],
                shape=last.shape[1:],
                dtype=last.dtype,
                order=tuple(sorted(range(last.ndim), key=last.stride, reverse=True)),
            )
            if network.order[0] != 0 or not torch.equal(_rest(network, network.activations(x)), expected):
                raise NotCuttable("its later stages read more than the output of the last frozen one")
            _set_modes(modes)
            with Stream(0, x.device).drawn():
                drawn = [network.activations(x) for _ in range(2)]
            if not torch.equal(*drawn):
                raise NotCuttable("its frozen part draws at random")
    finally:
        _set_modes(modes)
    return network


def _answers(module: nn.Module, units: Sequence[str], x: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """What each unit answers within a forward pass, in the order of their calls, and the logits."""
    answers: dict[str, Tensor] = {}

    def watch(name: str) -> Callable[[nn.Module, object, object], None]:
        def note(_: nn.Module, __: object, output: object) -> None:
            if not isinstance(output, Tensor) or len(output) != len(x) or name in answers:
                raise NotCuttable(f"{name} does not answer once with one tensor")
            answers[name] = output

        return note

    handles = [module.get_submodule(name).register_forward_hook(watch(name)) for name in units]
    try:
        return answers, module(x)
    finally:
        for handle in handles:
            handle.remove()


def _rest(network: CutNetwork, activations: Tensor) -> Tensor:
    try:
        return network.logits(activations)
    except (RuntimeError, ValueError, TypeError, AttributeError, IndexError, KeyError) as error:
        raise NotCuttable(f"without its frozen units it fails: {error}") from error


@contextlib.contextmanager
def _answering(module: nn.Module, answers: Mapping[str, Tensor]) -> Iterator[None]:
    """Within it each of these units answers with its tensor, whatever it is called with."""
    units = {name: module.get_submodule(name) for name in answers}
    before = {name: unit.__dict__.get("forward") for name, unit in units.items()}
    try:
        for name, unit in units.items():
            unit.__dict__["forward"] = lambda *_, answer=answers[name], **__: answer
        yield
    finally:
        for name, unit in units.items():
            forward = before[name]
            if forward is None:
                unit.__dict__.pop("forward", None)
            else:
                unit.__dict__["forward"] = forward


def _set_modes(modes: Mapping[nn.Module, bool]) -> None:
    for part, training in modes.items():
        part.training = training
