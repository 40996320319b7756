"""Pictures that cost much time to decode for their size: the worst of a search over the formats' parts.

Searched: a JPEG's scans (also over many pixels), restarts, tables, remarks, Exif and profile segments, fill bytes,
bytes between segments; a PNG's depth, interlacing, chunks (many, empty, packed remarks and profiles before and after
the pixels, data past the last pixel, one byte at a time); a WebP's lossless coding, chunks and frames; an AVIF's flat
and changing pixels.
"""

from __future__ import annotations

import io
import re
import struct
import zlib

import numpy as np
from PIL import Image, features

FRAME_BYTES, PHOTOGRAPH_BYTES = 500_000, 9_900_000
FRAME_SIDE_PX, PHOTOGRAPH_SIDE_PX = 1280, 4898


def costly(side_px: int, size_bytes: int) -> dict[str, bytes]:
    """By name: pictures of at most ``side_px`` on a side and ``size_bytes``."""
    flat = Image.new("RGB", (side_px, side_px))
    jpeg, webp = saved(Image.new("RGB", (64, 64)), "JPEG"), saved(Image.new("RGB", (64, 64)), "WEBP")

    def jpeg_with(segment: bytes) -> bytes:
        return jpeg[:2] + segment * ((size_bytes - len(jpeg)) // len(segment)) + jpeg[2:]

    def png_with(part: bytes, *, after: bool = False) -> bytes:
        parts = part * ((size_bytes - 1000) // len(part))
        return png(64, 64, **{"after" if after else "before": parts})

    remark = b"a\0\0" + zlib.compress(bytes(1_000_000), 9)
    return {
        "jpeg-scans": scans(64, size_bytes),
        "jpeg-scans-large": scans(side_px, size_bytes),
        "jpeg-scans-90": scans(side_px, size_bytes, most=90),
        "jpeg-remarks": jpeg_with(b"\xff\xfe\0\2"),
        "jpeg-exif": jpeg_with(b"\xff\xe1\0\x0aExif\0\0II"),
        "jpeg-profile": jpeg_with(b"\xff\xe2\0\x10ICC_PROFILE\0\1\xff"),
        "jpeg-tables": jpeg_with(b"\xff\xdb\0\x43\0" + b"\1" * 64),
        "jpeg-fill": jpeg_with(b"\xff"),
        "jpeg-zeros": jpeg_with(b"\0"),
        "jpeg-flat": saved(flat, "JPEG"),
        "jpeg-progressive": saved(flat, "JPEG", progressive=True),
        "jpeg-restarts": saved(flat, "JPEG", restart_marker_blocks=1),
        "png-flat": png(side_px, side_px),
        "png-deep": png(side_px, side_px, depth=16, colour=6),
        "png-interlaced": png(side_px, side_px, depth=16, colour=6, interlaced=1),
        "png-empty-parts": png_with(chunk(b"aaAa", b"")),
        "png-remarks": png_with(chunk(b"tEXt", b"a\0")),
        "png-packed-remarks": png_with(chunk(b"zTXt", remark)),
        "png-packed-remarks-after": png_with(chunk(b"zTXt", remark), after=True),
        "png-packed-texts": png_with(chunk(b"iTXt", b"a\0\1\0\0\0" + remark[3:])),
        "png-profile": png(64, 64, before=chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(200_000_000), 9))),
        "png-past-the-end": png(64, 64, raw=bytes(200_000_000)),
        "png-bytewise": png(side_px, side_px, raw=np.random.default_rng(1).bytes(size_bytes // 14), split=1),
        **avif(flat),
        "webp-lossless": saved(flat, "WEBP", lossless=True, method=0),
        "webp-parts": riff(
            (b"VP8X", bytes(4) + b"\x3f\0\0" * 2), *[(b"abcd", b"")] * (size_bytes // 9), (b"VP8 ", webp[20:])
        ),
    }  # fmt: skip


def avif(flat: Image.Image) -> dict[str, bytes]:
    """The same as AVIF, where Pillow writes it: black, and blocks of chance, which take longest to decode."""
    if not features.check("avif"):
        return {}
    chance = np.random.default_rng(1).integers(0, 255, (flat.height // 8, flat.width // 8, 3), np.uint8)
    blocks = Image.fromarray(np.kron(chance, np.ones((8, 8, 1), np.uint8)))
    return {
        "avif-flat": saved(flat, "AVIF", quality=50, speed=10),
        "avif-blocks": saved(blocks, "AVIF", quality=40, speed=10),
    }


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def scans(side_px: int, size_bytes: int, most: int = 50_000) -> bytes:
    """A progressive JPEG whose shortest scan is there again and again."""
    chance = np.random.default_rng(1)
    patches = np.kron(chance.integers(0, 255, (8, 8), np.uint8), np.ones((side_px // 8, side_px // 8), np.uint8))
    data = saved(Image.fromarray(patches), "JPEG", progressive=True, quality=30)
    starts = [found.start() for found in re.finditer(b"\xff\xda", data)]
    shortest = min((data[one:end] for one, end in zip(starts, [*starts[1:], len(data) - 2], strict=True)), key=len)
    return data[:-2] + shortest * min(most, (size_bytes - len(data)) // len(shortest)) + data[-2:]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    width: int,
    height: int,
    *,
    depth: int = 8,
    colour: int = 2,
    interlaced: int = 0,
    before: bytes = b"",
    after: bytes = b"",
    raw: bytes | None = None,
    split: int = 1 << 30,
) -> bytes:
    """Black, by the filter that takes longest; ``raw`` instead of its pixels' bytes, ``split``: bytes a chunk."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    if raw is None:
        raw = b""
        for left, top, across, down in passes if interlaced else [(0, 0, 1, 1)]:
            columns, rows = -(-(width - left) // across), -(-(height - top) // down)
            raw += (b"\4" + bytes(columns * {2: 3, 6: 4}[colour] * depth // 8)) * rows
    packed = zlib.compress(raw, 9)
    pixels = b"".join(chunk(b"IDAT", packed[place : place + split]) for place in range(0, len(packed), split))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))
    return b"\x89PNG\r\n\x1a\n" + header + before + pixels + after + chunk(b"IEND", b"")


def riff(*parts: tuple[bytes, bytes]) -> bytes:
    body = b"".join(kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in parts)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
