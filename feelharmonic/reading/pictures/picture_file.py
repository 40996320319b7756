"""A picture's file → what its decoder needs: the parts that make pixels, and the orientation. Pure; decodes nothing.

In: bytes from a stranger. Out: a PictureFile, or BadFrame. Remarks, profiles, previews and further frames
are left out: decoders spend seconds on files that have nothing but those, and Exif is only asked for its orientation.
What costs time to decode is counted here: a JPEG's scans, a PNG's samples, every format's parts.
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from feelharmonic.errors import BadFrame

#: A photograph of 10 MB whose PNG encoder writes 8 KB at a time has 1,300 parts; one with a depth map 200.
MAX_PARTS = 8000
#: A progressive JPEG has about 10 scans. Each goes over all pixels: 0.8 ns for each.
MAX_SCANS = 100
MAX_SCANNED_PX = 600_000_000

SEND_PICTURE = "Send a JPEG, PNG or WebP picture as binary."
SEND_BASELINE = "Send a baseline JPEG, as a browser's canvas and cameras make them."
SEND_WHOLE = "Send the whole picture."

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PNG_PARTS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
WEBP_PARTS = (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF")

#: A JPEG's marker, and the one that ends a scan: within its data 0xFF is followed by 0x00 or a restart's number.
JPEG_MARKER = re.compile(rb"\xff[^\x00\xff]", re.DOTALL)
JPEG_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
END, START_OF_SCAN, EXIF = 0xD9, 0xDA, 0xE1
BASELINE, PROGRESSIVE = (0xC0, 0xC1), 0xC2
#: All that say how the pixels are coded; of these only the three above are made by cameras and programs.
FRAMES = (0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
#: Tables, restart interval, number of lines; JFIF and Adobe say what the colours are.
JPEG_TABLES = (0xC4, 0xDB, 0xDC, 0xDD)
COLOURS = {0xE0: b"JFIF", 0xEE: b"Adobe"}
WITHOUT_LENGTH = (0x01, 0xD8, *range(0xD0, 0xD8))

EXIF_HEADER = b"Exif\0\0"
EXIF_ORIENTATION, EXIF_SHORT = 0x0112, 3
MAX_EXIF_ENTRIES = 200


#: A JPEG's width and height in pixels, and its number of components.
JpegFrame = tuple[int, int, int]


class PictureFile(NamedTuple):
    """``kind``: JPEG, PNG or WEBP. ``data``: a file of that kind, with nothing but its pixels. ``orientation``: Exif's
    number, 1..8, 1 for upright."""

    kind: str
    data: bytes
    orientation: int
    #: What a PNG's samples take when unpacked, twice that where it is interlaced: it takes twice the time.
    unpacked_bytes: int = 0
    #: Width and height in a JPEG's header, None for other kinds.
    jpeg_size_px: tuple[int, int] | None = None


def pixels_only(data: bytes, *, only_baseline: bool = False) -> PictureFile:
    """The picture in ``data``, as its decoder needs it. Raises BadFrame for what is none, or a JPEG that is not
    baseline where ``only_baseline`` is asked for, or that has more parts or scans than any camera makes."""
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data, only_baseline)
    if data.startswith(PNG_SIGNATURE):
        return _png(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp(data)
    raise BadFrame("Expected a JPEG, PNG or WebP picture, got something else.", SEND_PICTURE)


def _jpeg(data: bytes, only_baseline: bool) -> PictureFile:
    kept, scans, orientation, frame = [data[:2]], 0, None, None
    place = 2
    for _ in range(MAX_PARTS):
        found = JPEG_MARKER.search(data, place)
        if found is None:
            break
        marker, place = data[found.start() + 1], found.end()
        if marker == END:
            kept.append(b"\xff\xd9")
            break
        if marker in WITHOUT_LENGTH:
            continue
        body = _jpeg_body(data, place)
        end = place + 2 + len(body)
        if marker in FRAMES:
            frame = _jpeg_frame(marker, body, frame, only_baseline)
            kept.append(data[found.start() : end])
        elif marker == START_OF_SCAN:
            scans += 1
            _check_scans(scans, frame, only_baseline)
            scan_end = JPEG_SCAN_END.search(data, end)
            end = scan_end.start() if scan_end else len(data)
            kept.append(data[found.start() : end])
        elif marker in JPEG_TABLES or (marker in COLOURS and body.startswith(COLOURS[marker])):
            kept.append(data[found.start() : end])
        elif marker == EXIF and body.startswith(EXIF_HEADER) and orientation is None:
            orientation = _orientation(body[len(EXIF_HEADER) :])
        place = end
    else:
        raise _too_many_parts()
    if frame is None or not scans:
        raise BadFrame("Expected a JPEG, PNG or WebP picture, got something else.", SEND_PICTURE)
    return PictureFile("JPEG", b"".join(kept), orientation or 1, jpeg_size_px=frame[:2])


def _jpeg_body(data: bytes, place: int) -> bytes:
    """What follows a marker and its length."""
    length = int.from_bytes(data[place : place + 2], "big")
    if length < 2 or place + length > len(data):
        raise _damaged()
    return data[place + 2 : place + length]


def _jpeg_frame(marker: int, body: bytes, earlier: JpegFrame | None, only_baseline: bool) -> JpegFrame:
    """The frame that ``marker`` begins."""
    if earlier is not None or len(body) < 6:
        raise _damaged()
    if marker not in BASELINE and (only_baseline or marker != PROGRESSIVE):
        came = "a progressive one" if marker == PROGRESSIVE else "one of another coding"
        raise BadFrame(f"Expected a baseline JPEG, got {came}.", SEND_BASELINE)
    height_px, width_px = struct.unpack(">HH", body[1:5])
    return width_px, height_px, body[5]


def _check_scans(scans: int, frame: JpegFrame | None, only_baseline: bool) -> None:
    if frame is None:
        raise _damaged()
    width_px, height_px, components = frame
    most = components if only_baseline else min(MAX_SCANS, max(MAX_SCANNED_PX // max(width_px * height_px, 1), 1))
    if scans > most:
        raise BadFrame(f"Expected a JPEG of at most {most} scans, got more.", SEND_BASELINE)


def _png(data: bytes) -> PictureFile:
    kept, orientation, place, unpacked_bytes = [PNG_SIGNATURE], None, len(PNG_SIGNATURE), 0
    for _ in range(MAX_PARTS):
        if place >= len(data):
            break
        if place + 12 > len(data):
            raise _damaged()
        length, kind = struct.unpack_from(">I4s", data, place)
        end = place + 12 + length
        if end > len(data):
            raise _damaged()
        if kind == b"IHDR":
            unpacked_bytes = _unpacked_bytes(data[place + 8 : end - 4])
        if kind in PNG_PARTS:
            kept.append(data[place:end])
        elif kind == b"eXIf" and orientation is None:
            orientation = _orientation(data[place + 8 : end - 4])
        place = end
        if kind == b"IEND":
            break
    else:
        raise _too_many_parts()
    return PictureFile("PNG", b"".join(kept), orientation or 1, unpacked_bytes)


def _unpacked_bytes(header: bytes) -> int:
    """PictureFile's, of the PNG with this ``header``."""
    if len(header) != 13:
        raise _damaged()
    width_px, height_px, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    unpacked = width_px * height_px * PNG_CHANNELS.get(colour, 1) * max(depth, 8) // 8
    return int(unpacked) * (2 if interlaced else 1)


def _webp(data: bytes) -> PictureFile:
    kept, orientation, frames, place = [], None, 0, 12
    whole = min(int.from_bytes(data[4:8], "little") + 8, len(data))
    for _ in range(MAX_PARTS):
        if place + 8 > whole:
            break
        kind, length = struct.unpack_from("<4sI", data, place)
        end = place + 8 + length + length % 2
        if place + 8 + length > len(data):
            raise _damaged()
        frames += kind == b"ANMF"
        if kind in WEBP_PARTS and (kind != b"ANMF" or frames == 1):
            kept.append(data[place:end])
        elif kind == b"EXIF" and orientation is None:
            orientation = _orientation(data[place + 8 : place + 8 + length].removeprefix(EXIF_HEADER))
        place = end
    else:
        raise _too_many_parts()
    body = b"".join(kept)
    return PictureFile("WEBP", b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body, orientation or 1)


def _orientation(exif: bytes) -> int | None:
    """The orientation that ``exif`` (a TIFF's header and what follows) notes, 1..8; None where it notes none."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 10:
        return None
    (start,) = struct.unpack_from(f"{order}I", exif, 4)
    if start + 2 > len(exif):
        return None
    (count,) = struct.unpack_from(f"{order}H", exif, start)
    for place in range(start + 2, min(start + 2 + 12 * min(count, MAX_EXIF_ENTRIES), len(exif) - 11), 12):
        tag, kind, _, value = struct.unpack_from(f"{order}HHIH", exif, place)
        if tag == EXIF_ORIENTATION:
            return value if kind == EXIF_SHORT and 1 <= value <= 8 else None
    return None


def _damaged() -> BadFrame:
    return BadFrame("The picture is damaged or cut short.", SEND_WHOLE)


def _too_many_parts() -> BadFrame:
    return BadFrame(
        f"Expected a picture's file of at most {MAX_PARTS} parts, got more.", "Save it anew, without its remarks."
    )
