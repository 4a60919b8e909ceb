"""Threads for pictures: Pillow, zlib and the disk work outside the interpreter's lock."""

import functools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar, cast

S = TypeVar("S")
T = TypeVar("T")

_END = object()

MOST = 16


def threads() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST)


def as_completed(work: Callable[[int], T], starts: Iterable[int]) -> Iterator[T]:
    """What `work` returns of each start, as it comes; a few are handed out at a time, so that an end is soon."""
    pool = ThreadPoolExecutor(threads(), thread_name_prefix="pictures")
    try:
        rest, running = iter(starts), set[Future[T]]()
        while True:
            while len(running) < 2 * threads() and (start := next(rest, None)) is not None:
                running.add(pool.submit(work, start))
            if not running:
                return
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def read_ahead(load: Callable[[S], T], items: Iterable[S], *, most: int) -> Iterator[T]:
    """What `load` returns of each item, in their order, `most` items ahead in a thread of its own."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")
    try:
        rest, waiting = iter(items), deque[Future[T]]()
        while True:
            while len(waiting) <= most and (item := next(rest, _END)) is not _END:
                waiting.append(pool.submit(load, cast(S, item)))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def shared(work: Callable[[range], None], count: int, *, least: int) -> None:
    """Let `work` do 0 to `count` in parts of at least `least`, in threads that stay; returns when all are done."""
    parts = max(1, min(threads(), count // least))
    if parts == 1:
        work(range(count))
        return
    edges = [count * i // parts for i in range(parts + 1)]
    rest = [_pool().submit(work, range(edges[i], edges[i + 1])) for i in range(1, parts)]
    try:
        work(range(edges[1]))  # this thread does its part
    finally:
        wait(rest)
    for future in rest:
        future.result()


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads(), thread_name_prefix="batch")
