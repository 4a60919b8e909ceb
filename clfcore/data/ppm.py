"""Portable pixmaps (PPM) of 16 bits a colour, of which Pillow reads the upper 8."""

import re

import numpy as np

from clfcore.errors import InputError

_HEAD = re.compile(rb"P6(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,5})\s")


def deep_colours(data: bytes) -> bool:
    """Whether these are a binary pixmap's first bytes, with more than 8 bits a colour."""
    found = _HEAD.match(data[:4096]) if data.startswith(b"P6") else None
    return found is not None and 255 < int(found[3]) <= 65535


def portable_pixels(data: bytes, name: str) -> np.ndarray:
    """H x W x 3 uint16 over its whole range. Raises InputError where pixels are missing."""
    found = _HEAD.match(data[:4096])
    width, height, top = (int(number) for number in found.groups())
    if len(data) - found.end() < width * height * 6 or not width * height:
        raise InputError(f"{name} is truncated: its end is missing; copy it again or leave it out")
    values = np.frombuffer(data, ">u2", width * height * 3, found.end()).reshape(height, width, 3)
    if top == 65535:
        return values.astype(np.uint16)
    table = np.rint(np.minimum(np.arange(65536) / top, 1) * 65535).astype(np.uint16)
    return table[values]
