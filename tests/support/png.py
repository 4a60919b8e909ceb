"""PNG files of any color type, written by hand."""

import struct
import zlib

import numpy as np


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(rows: np.ndarray, *, bits: int = 8, color: int = 2, more: bytes = b"", size: tuple[int, int] = (0, 0)) -> bytes:
    """H x W x S as a PNG of any color type; more: chunks before the pixels; size: what the header says instead."""
    height, width = rows.shape[:2]
    width, height = size if any(size) else (width, height)
    kind = ">u2" if bits == 16 else "u1"
    body = zlib.compress(b"".join(b"\0" + row.astype(kind).tobytes() for row in rows))
    head = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + more + chunk(b"IDAT", body) + chunk(b"IEND", b"")
