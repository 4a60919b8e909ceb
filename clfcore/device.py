"""Which device a run uses, and in which precision."""

import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Iterator

import torch

from clfcore.errors import InputError

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def pick_device(name: str) -> torch.device:
    """`auto` is CUDA where there is one, then Apple's MPS, else the CPU. Raises InputError for an absent one."""
    if name == "auto":
        return torch.device(
            "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        )
    device = torch.device(name)
    absent = (device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count()) or (
        device.type == "mps" and not torch.backends.mps.is_available()
    )
    if absent:
        raise InputError(f"recipe.device is {name!r}: this machine has no such device; use auto or cpu")
    return device


def device_of(name: str, *, number: int = 0, processes: int = 1) -> torch.device:
    """The device of one of several processes on this machine: each GPU takes one, the CPU as many as are asked for.

    Raises InputError where there are fewer devices than processes.
    """
    device = pick_device(name)
    if processes == 1 or device.type == "cpu":
        return device
    if device.index is not None:
        raise InputError(f"recipe.device is {name!r}, one GPU: {processes} processes need one each; name no number")
    count = torch.cuda.device_count() if device.type == "cuda" else 1
    if processes > count:
        known = f"this machine has {count} {'GPUs' if count > 1 else 'GPU'}"
        raise InputError(f"processes is {processes}: {known}; take at most {count}, or recipe.device cpu")
    return torch.device(device.type, number)


def device_name(device: torch.device) -> str:
    """The device, of CUDA with the GPU's name."""
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else str(device)


def device_words(device: torch.device) -> str:
    """What a measurement was made on: the GPU's name, or how many threads of the CPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"the CPU with {threads} thread{'s' if threads > 1 else ''}" if device.type == "cpu" else str(device)


def peak_memory(device: torch.device) -> int | None:
    """Megabytes: the most that tensors took on a GPU, or that this process took; None where the system does not say."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 1e6)
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


def keep_freed_memory() -> None:
    """Let this process keep what it frees, where glibc allocates: the next batch needs the same again.

    Else each step gives the top of the heap back and takes it again: LeNet-5 on 128 small images met 1,000 page faults
    a step and ran a fifth slower.
    """
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):  # musl has no mallopt
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_TRIM_THRESHOLD, 1 << 30)
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)  # the most that glibc takes


def threads_for(parameters: int, pixels: int) -> int:
    """How many CPU threads a step is worth: `pixels` a batch through a network of so many parameters.

    A second thread makes a step of a few milliseconds 1.2 to 1.7 times as fast on a quiet machine and takes a third of
    the speed and more on a busy one, where the threads wait for each other. The choice rests on sizes alone: sums of
    two threads differ in the last bits, and a run with the same seed shall be the same.
    """
    return 1 if parameters < 250_000 and pixels < 65_536 else torch.get_num_threads()


@contextlib.contextmanager
def part_of_the_threads(parts: int) -> Iterator[None]:
    """Within it torch takes the CPU threads that one of several processes on this machine has."""
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // parts))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def most_processes(name: str) -> int:
    """How many processes this machine can give a GPU each, or else a core of its CPU."""
    device = pick_device(name)
    if device.type == "cuda" and device.index is None:
        return torch.cuda.device_count()
    if device.type != "cpu":
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pick_dtype(precision: str, device: torch.device) -> torch.dtype:
    """`auto` is float32 on a CPU (bfloat16 was seen not to pay in training there) and mixed precision on a GPU."""
    if precision != "auto":
        if precision == "float16" and device.type == "cpu":
            raise InputError("recipe.precision is 'float16': a CPU trains in float32 or bfloat16; choose one of them")
        return DTYPES[precision]
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


class _Threads:
    """How many threads torch had before the first of those that compute alone now began. torch has one number for
    threads to come and one for each that has begun: several that compute alone must not keep each other's."""

    guard = threading.Lock()
    inside = 0
    before = 0


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Inside, torch computes in the calling thread alone.

    For steps so small that threads wait for each other longer than they compute, most of all on a busy machine, and
    for work that is shared among threads already.
    """
    with _Threads.guard:
        if not _Threads.inside:
            _Threads.before = torch.get_num_threads()
        _Threads.inside += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _Threads.guard:
            _Threads.inside -= 1
            torch.set_num_threads(_Threads.before)
