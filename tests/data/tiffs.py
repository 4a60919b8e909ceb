"""Raw TIFFs of any layout, which no library writes: what the tests of the reader are measured against."""

import io
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from PIL import Image, TiffImagePlugin

UNSIGNED, SIGNED, FLOAT = 1, 2, 3


def by_libtiff(name: str) -> Callable[[bytes], bytes]:
    """A strip as libtiff packs it: taken out of a TIFF of gray bytes."""

    def pack(raw: bytes) -> bytes:
        out = io.BytesIO()
        rows = np.frombuffer(raw, np.uint8).reshape(1, -1)
        Image.fromarray(rows).save(out, "TIFF", compression=name, tiffinfo={278: 1})
        with TiffImagePlugin.TiffImageFile(io.BytesIO(out.getvalue())) as image:
            (at,), (count,) = image.tag_v2[273], image.tag_v2[279]
        return out.getvalue()[at : at + count]

    return pack


PACKERS: dict[int, Callable[[bytes], bytes]] = {
    1: bytes,
    5: by_libtiff("tiff_lzw"),
    8: zlib.compress,
    32773: by_libtiff("packbits"),
    32946: zlib.compress,
    34925: by_libtiff("lzma"),
    50000: by_libtiff("zstd"),
}


def tiff(
    planes: np.ndarray,
    *,
    photometric: int = 1,
    bits: int | None = None,
    planar: int = 1,
    extra: Sequence[int] = (),
    compression: int = 1,
    predictor: int = 1,
    rows: int | None = None,
    tile: int = 0,
    order: str = "<",
    big: bool = False,
    more: Iterable[tuple[int, Sequence[int]]] = (),
) -> bytes:
    """H x W x S of any type as a TIFF. rows: a strip's; tile: a tile's side; big: BigTIFF; more: SHORTs."""
    h, w, s = planes.shape
    bits, form = bits or planes.dtype.itemsize * 8, {"u": UNSIGNED, "i": SIGNED, "f": FLOAT}[planes.dtype.kind]
    parts = [planes] if planar == 1 else [planes[..., k : k + 1] for k in range(s)]
    high = tile or rows or h
    segments = []
    for part in parts:
        for y in range(0, h, high):
            for x in range(0, w, tile or w):
                block = part[y : y + high, x : x + (tile or w)]
                if tile:
                    block = np.pad(block, ((0, tile - len(block)), (0, tile - block.shape[1]), (0, 0)))
                segments.append(PACKERS[compression](_raw(block, bits, predictor, order)))
    tags: list[tuple[int, str, Sequence[int]]] = [
        (256, "I", [w]), (257, "I", [h]), (258, "H", [bits] * s), (259, "H", [compression]),
        (262, "H", [photometric]), (277, "H", [s]), (284, "H", [planar]), (339, "H", [form] * s),
    ]  # fmt: skip
    tags += [(322, "I", [tile]), (323, "I", [tile])] if tile else [(278, "I", [high])]
    tags += [(338, "H", extra)] if extra else []
    tags += [(317, "H", [predictor])] if predictor != 1 else []
    tags += [(number, "H", values) for number, values in more]
    return _file(segments, tags, (324, 325) if tile else (273, 279), order, big=big)


def _raw(block: np.ndarray, bits: int, predictor: int, order: str) -> bytes:
    kind = block.dtype.newbyteorder(order)
    if bits not in (8, 16, 32, 64):  # packed, each row on its own
        each = (block.reshape(len(block), -1)[..., None] >> np.arange(bits - 1, -1, -1)) & 1
        return np.packbits(each.astype(np.uint8).reshape(len(block), -1), axis=1).tobytes()
    if predictor == 2:
        whole = block.view(f"u{bits // 8}")
        whole = np.concatenate([whole[:, :1], whole[:, 1:] - whole[:, :-1]], axis=1)
        return whole.astype(whole.dtype.newbyteorder(order)).tobytes()
    if predictor == 3:
        row = np.ascontiguousarray(block.astype(block.dtype.newbyteorder(">")).reshape(len(block), -1))
        split = row.view(np.uint8).reshape(len(block), -1, bits // 8).swapaxes(1, 2).reshape(len(block), -1)
        step = block.shape[2]
        return np.concatenate([split[:, :step], split[:, step:] - split[:, :-step]], axis=1).tobytes()
    return block.astype(kind).tobytes()


def _file(
    segments: list[bytes],
    tags: list[tuple[int, str, Sequence[int]]],
    places: tuple[int, int],
    order: str,
    *,
    big: bool,
) -> bytes:
    wide, head = ("Q", 16) if big else ("I", 8)
    data, offsets = bytearray(b"\0" * head), []
    for segment in segments:
        offsets.append(len(data))
        data += segment + b"\0" * (-len(segment) % 2)
    tags = [*tags, (places[0], wide, offsets), (places[1], wide, [len(segment) for segment in segments])]
    entries = []
    for number, code, values in sorted(tags):
        packed = struct.pack(f"{order}{len(values)}{code}", *values)
        room = 8 if big else 4
        if len(packed) > room:
            at = len(data)
            data += packed + b"\0" * (len(packed) % 2)
            packed = struct.pack(f"{order}{wide}", at)
        kind = {"H": 3, "I": 4, "Q": 16}[code]
        entries.append(struct.pack(f"{order}HH{wide}", number, kind, len(values)) + packed.ljust(room, b"\0"))
    start = len(data)
    data += struct.pack(f"{order}{'Q' if big else 'H'}", len(entries)) + b"".join(entries) + b"\0" * (8 if big else 4)
    mark = b"II" if order == "<" else b"MM"
    version = struct.pack(f"{order}HHH", 43, 8, 0) if big else struct.pack(f"{order}H", 42)
    data[:head] = mark + version + struct.pack(f"{order}{wide}", start)
    return bytes(data)
