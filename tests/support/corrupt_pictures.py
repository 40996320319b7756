"""Two hundred pictures as strangers send them: cut short, of a wrong type, bombs, empty, animated, of odd modes."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP")

#: What each kind may be answered with: "read" (its faces, perhaps none), "bad_frame" or "too_large".
READ, REFUSED = {"read"}, {"bad_frame", "too_large", "too_small"}
EITHER = READ | REFUSED


def corpus(photograph: Image.Image) -> dict[str, tuple[bytes, set[str]]]:
    """(bytes, allowed answers) by file name; the same 200 every time. ``photograph``: RGB, with one face."""
    chance = np.random.default_rng(7)
    made: dict[str, tuple[bytes, set[str]]] = {}
    whole = {kind: saved(photograph, kind) for kind in FORMATS}
    for kind, data in whole.items():
        suffix = kind.lower()
        for i, kept in enumerate(np.linspace(0.01, 0.97, 12)):
            # A JPEG that lacks its end is read as viewers show it, where most of its rows came.
            allowed = READ if kind == "JPEG" and kept > 0.85 else EITHER if kind == "JPEG" else REFUSED
            made[f"cut-{i}.{suffix}"] = (data[: int(len(data) * kept)], allowed)
        for i in range(24):
            made[f"flipped-{i}.{suffix}"] = (flipped(data, chance), EITHER)
        for i, junk in enumerate((b"\0" * 4096, b"<html>" * 300, chance.bytes(5000))):
            made[f"followed-{i}.{suffix}"] = (data + junk, READ)
            made[f"preceded-{i}.{suffix}"] = (junk + data, REFUSED)
        made[f"whole.{suffix}"] = (data, READ)
        made[f"empty.{suffix}"] = (b"", REFUSED)
    starts = (b"Dear server,", b"%PDF-1.7\n", b"PK\3\4", b"\x7fELF", b"GIF89a", b"BM", b"II*\0", b"RIFF")
    for i, text in enumerate(starts):
        made[f"type-{i}.jpg"] = (text + chance.bytes(3000), REFUSED)
    for i, size in enumerate(((30_000, 30_000), (2**31 - 1, 2**31 - 1), (65_535, 400), (1, 2**31 - 1), (6000, 4001))):
        made[f"bomb-{i}.png"] = (png(*size), REFUSED)
    made["bomb-text.png"] = (png(64, 64, text=b"\0" * 60_000_000), EITHER)
    made["bomb-jpeg.jpg"] = (resized_header(whole["JPEG"]), REFUSED)
    for i, size in enumerate(((1, 1), (31, 31), (1, 5000), (9000, 20))):
        made[f"tiny-{i}.png"] = (saved(Image.new("RGB", size), "PNG"), REFUSED)
    made["long.jpg"] = (saved(Image.new("RGB", (20_000, 700)), "JPEG"), READ)
    made["large.jpg"] = (saved(photograph.resize((5600, 4200)), "JPEG"), READ)
    made["large.png"] = (saved(Image.new("RGB", (5600, 4200), (90, 120, 150)), "PNG"), READ)
    for i, mode in enumerate(("L", "LA", "P", "RGBA", "1")):
        made[f"mode-{i}.png"] = (saved(photograph.convert(mode), "PNG"), READ)
    made["cmyk.jpg"] = (saved(photograph.convert("CMYK"), "JPEG"), READ)
    made["deep.png"] = (saved(deep(photograph), "PNG"), READ)
    frames = [photograph.rotate(10 * i) for i in range(4)]
    for kind in ("WEBP", "PNG"):
        buffer = io.BytesIO()
        photograph.save(buffer, kind, save_all=True, append_images=frames)
        made[f"animated.{kind.lower()}"] = (buffer.getvalue(), READ)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        buffer = io.BytesIO()
        photograph.save(buffer, "JPEG", exif=exif)
        made[f"turned-{orientation}.jpg"] = (buffer.getvalue(), READ)
    made["exif.jpg"] = (with_segments(whole["JPEG"], b"Exif\0\0" + b"\xff" * 65_000, 60), READ)
    made["exif-broken.jpg"] = (with_segments(whole["JPEG"], b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\1" * 900, 1), READ)
    while len(made) < 200:
        made[f"noise-{len(made)}.jpg"] = (b"\xff\xd8\xff\xe0" + chance.bytes(2000), REFUSED)
    return made


def saved(picture: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


def flipped(data: bytes, chance: np.random.Generator) -> bytes:
    """``data`` with twenty of its bytes changed, the first few spared so that the type stays."""
    damaged = np.frombuffer(data, np.uint8).copy()
    damaged[chance.integers(24, len(damaged), 20)] = chance.integers(0, 256, 20)
    return damaged.tobytes()


def png(width: int, height: int, *, text: bytes = b"") -> bytes:
    """A PNG that claims a size and holds almost nothing; ``text``: what a compressed remark unpacks to."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width & 0x7FFFFFFF, height & 0x7FFFFFFF, 8, 2, 0, 0, 0))
    remark = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(text)) if text else b""
    return b"\x89PNG\r\n\x1a\n" + header + remark + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def resized_header(jpeg: bytes) -> bytes:
    """The JPEG, its header claiming 65,500 × 65,500 pixels."""
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", 65_500, 65_500) + jpeg[at + 4 :]


def with_segments(jpeg: bytes, body: bytes, count: int) -> bytes:
    """The JPEG with ``count`` application segments of ``body`` after its start."""
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    return jpeg[:2] + segment * count + jpeg[2:]


def deep(picture: Image.Image) -> Image.Image:
    """The picture in grey of 16 bits."""
    return Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
