"""What Python reads of pictures' files, their sizes and their rows: static/js/photo/picture-file.js must read the same.

The files are put together byte by byte, so that they are the same whatever encoder is installed. They have the parts of
real ones, but their pixels are nothing that a decoder would take.
"""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

from feelharmonic.errors import BadFrame
from feelharmonic.reading.pictures.frame import check_rows, reduced_size
from feelharmonic.reading.pictures.picture_file import MAX_LEADING_BYTES, pixels_only

SIZES = [(320, 240), (1600, 1200), (8064, 6048), (6048, 8064), (3200, 1600), (3201, 1600), (16000, 3000), (700, 20000)]
SIZES += [(31, 4000), (1, 1), (16383, 40), (2001, 1333), (1333, 2001)]

FILLED_ROWS = (0, 1, 4, 5, 6, 19, 20)


def files() -> dict:
    """What is read of each file, the size at which pictures are read, how many rows may be missing."""
    return {
        "files": [{"name": name, "data": _base64(data), **_read(data)} for name, data in _samples().items()],
        "sizes": [{"size": list(size), "reduced": list(reduced_size(*size))} for size in SIZES],
        "rows": [_rows(filled) for filled in FILLED_ROWS],
    }


def _read(data: bytes) -> dict:
    try:
        file = pixels_only(data)
    except BadFrame as fault:
        return {"refused": "damaged" if fault.text.startswith("The picture is damaged") else "no_picture"}
    return {
        "kind": file.kind,
        "orientation": file.orientation,
        "is_whole": file.is_whole,
        "kept": _base64(file.data),
    }


def _rows(filled: int) -> dict:
    """A picture of 20 rows whose last ``filled`` have one colour, and whether it is read where its end is missing."""
    pixels = np.full((20, 4, 3), 128, np.uint8)
    pixels[: 20 - filled] = np.arange(20 - filled)[:, None, None]
    try:
        check_rows(pixels)
    except BadFrame:
        return {"filled": filled, "read": False}
    return {"filled": filled, "read": True}


def _samples() -> dict[str, bytes]:
    made = {f"jpeg, orientation {number}": jpeg(exif(number)) for number in range(10)}
    made |= {f"png, orientation {number}": png(exif(number)) for number in (1, 6)}
    made |= {f"webp, orientation {number}": webp(exif(number)) for number in (1, 6)}
    whole = jpeg(exif(6))
    for cut in (1, 2, 3, 12, 30, 60, 90, 120, 150):
        made[f"jpeg without its last {cut} bytes"] = whole[:-cut]
        made[f"png without its last {cut} bytes"] = png(exif(3))[:-cut]
        made[f"webp without its last {cut} bytes"] = webp(exif(3))[:-cut]
    for length in (1, 2, MAX_LEADING_BYTES, MAX_LEADING_BYTES + 1):
        made |= {f"{kind} after {length} bytes": b"\n" * length + data for kind, data in _wholes().items()}
    for start in (b"II*\0", b"GIF89a", b"%PDF-1.7\n", b"BM", b"--part\r\nContent-Type: image/jpeg\r\n\r\n"):
        made[f"jpeg after {start[:6]!r}"] = start + whole
    for name, data in _wholes().items():
        made[f"{name} and what follows"] = data + b"\xff\xd8 another" * 9
    made |= _odd_jpegs()
    for brand, others in (
        (b"avif", b"mif1"),
        (b"mif1", b"avif"),
        (b"heic", b"mif1"),
        (b"mif1", b"heic"),
        (b"isom", b"mp42"),
    ):
        made[f"media {brand!r}, {others!r}"] = struct.pack(">I", 24) + b"ftyp" + brand + bytes(4) + others * 2 + b"rest"
    made["big-endian exif"] = jpeg(exif(8, ">"))
    made["exif of another type"] = jpeg(exif(6, kind=4))
    made["exif with its header in webp"] = webp(b"Exif\0\0" + exif(5))
    made["two exif"] = jpeg(exif(6) + b"", extra=segment(0xE1, b"Exif\0\0" + exif(3)))
    made["text"] = b"Dear server, this is a text file."
    made["nothing"] = b""
    return made


def _wholes() -> dict[str, bytes]:
    return {"jpeg": jpeg(exif(6)), "png": png(exif(6)), "webp": webp(exif(6))}


def _odd_jpegs() -> dict[str, bytes]:
    frame, scan = segment(0xC0, FRAME), segment(0xDA, SCAN) + b"pixels"
    start, end = b"\xff\xd8", b"\xff\xd9"
    return {
        "progressive": start + segment(0xC2, FRAME) + scan + scan + end,
        "restarts and fill bytes": start + frame + segment(0xDA, SCAN) + b"a\xff\xd0b\xff\0c\xff\xff\xd9",
        "two frames": start + frame + frame + scan + end,
        "a scan before its frame": start + scan + frame + end,
        "a frame without a scan": start + frame + end,
        "a length of one": start + frame + b"\xff\xdb\0\1" + scan + end,
        "bytes between the parts": start + b"ab" + frame + b"cd" + scan + end,
        "profile and remarks": start + segment(0xE2, b"ICC") + segment(0xFE, b"remark") + frame + scan + end,
        "another's application part": start + segment(0xE0, b"JFXX\0") + segment(0xEE, b"Adobe\0") + frame + scan + end,
    }


FRAME = struct.pack(">BHHB", 8, 48, 64, 1) + b"\1\x11\0"
SCAN = b"\1\1\0\0\x3f\0"


def exif(orientation: int, order: str = "<", kind: int = 3) -> bytes:
    start = b"II*\0" if order == "<" else b"MM\0*"
    other = struct.pack(f"{order}HHIHH", 0x0110, 3, 1, 7, 0)
    entry = struct.pack(f"{order}HHIHH", 0x0112, kind, 1, orientation, 0)
    return start + struct.pack(f"{order}IH", 8, 2) + other + entry + bytes(4)


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def jpeg(exif_bytes: bytes, extra: bytes = b"") -> bytes:
    parts = (
        segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
        segment(0xE1, b"Exif\0\0" + exif_bytes),
        extra,
        segment(0xDB, bytes(65)),
        segment(0xC0, FRAME),
        segment(0xC4, bytes(20)),
        segment(0xDA, SCAN),
        bytes(range(100)),
    )
    return b"\xff\xd8" + b"".join(parts) + b"\xff\xd9"


def png(exif_bytes: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 48, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", bytes(range(60))) + chunk(b"IDAT", bytes(range(60)))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + chunk(b"tEXt", b"a\0b")
        + chunk(b"eXIf", exif_bytes)
        + pixels
        + chunk(b"IEND", b"")
    )


def webp(exif_bytes: bytes) -> bytes:
    def part(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    body = (
        part(b"VP8X", bytes(10)) + part(b"ICCP", b"abc") + part(b"VP8 ", bytes(range(61))) + part(b"EXIF", exif_bytes)
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
