"""Portable pixmaps (PPM) of 16 bits a color, of which Pillow reads the upper 8."""

import re

import numpy as np

from clfcore.errors import InputError

_HEAD = re.compile(rb"P6(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,5})\s")


def deep_colors(data: bytes) -> bool:
    """Whether these are a binary pixmap's first bytes, with more than 8 bits a color."""
    head = _HEAD.match(data[:4096]) if data.startswith(b"P6") else None
    return head is not None and 255 < int(head[3]) <= 65535


def portable_pixels(data: bytes, name: str) -> np.ndarray:
    """H x W x 3 uint16 over its whole range. Raises InputError where pixels are missing."""
    head = _HEAD.match(data[:4096])
    assert head is not None, "deep_colors saw the head"
    width, height, top = (int(number) for number in head.groups())
    if len(data) - head.end() < width * height * 6 or not width * height:
        raise InputError(f"{name} is truncated: its end is missing; copy it again or leave it out")
    values = np.frombuffer(data, ">u2", width * height * 3, head.end()).reshape(height, width, 3)
    if top == 65535:
        return values.astype(np.uint16)
    table = np.rint(np.minimum(np.arange(65536) / top, 1) * 65535).astype(np.uint16)
    return table[values]
