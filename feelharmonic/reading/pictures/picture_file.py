"""A picture's file → what its decoder needs: the parts that make pixels, and the orientation. Pure; decodes nothing.

In: bytes from a stranger. Out: a PictureFile, or BadFrame. Remarks, profiles, previews and further frames
are left out: decoders spend seconds on files that have nothing but those, and Exif is only asked for its orientation.
What costs time to decode is counted here: a JPEG's scans, a PNG's samples, every format's parts.

Bytes before the picture and a missing end are tolerated, as every viewer does. /photo does the same before it sends a
picture (static/js/photo/picture-file.js; tests/vectors/files.json holds the two together).
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import NamedTuple

from feelharmonic.errors import BadFrame, TooLarge

#: A photograph of 10 MB whose PNG encoder writes 8 KB at a time has 1,300 parts; one with a depth map 200.
MAX_PARTS = 8000
#: A progressive JPEG has about 10 scans. Each goes over all pixels: 0.8 ns for each.
MAX_SCANS = 100
MAX_SCANNED_PX = 600_000_000

#: A progressive JPEG's coefficients are held while it is decoded: 24 megapixels of four colours, 66 of a camera's.
MAX_COEFFICIENT_BYTES = 200_000_000

#: What may stand before the picture: a line feed, a mark of the text's encoding, a header of a stream of pictures.
MAX_LEADING_BYTES = 1024

SEND_PICTURE = "Send a JPEG, PNG or WebP picture as binary."
SEND_BASELINE = "Send a baseline JPEG, as a browser's canvas and cameras make them."
SEND_WHOLE = "Send the whole picture."
SEND_AS_JPEG = "Save it as JPEG and send that."

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PNG_PARTS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
WEBP_PARTS = (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF")

#: Where a picture begins, and the brands of a file of ISO's base media that say what it holds.
PICTURE_START = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF....WEBP", re.DOTALL)
AVIF_BRANDS = (b"avif", b"avis")
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
#: Files that may hold a JPEG as their preview, which is not what they show.
OTHER_STARTS = (b"II*\0", b"MM\0*", b"%PDF", b"PK\3\4", b"GIF8", b"BM", b"8BPS")

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


class JpegFrame(NamedTuple):
    """What a JPEG's header says of its pixels."""

    width_px: int
    height_px: int
    components: int
    #: What the coefficients take that a progressive JPEG's decoder holds; 0 for a baseline one.
    coefficient_bytes: int


class PictureFile(NamedTuple):
    """``kind``: JPEG, PNG, WEBP, AVIF or HEIC. ``data``: a file of that kind, with nothing but its pixels; of the last
    two as it came. ``orientation``: Exif's number, 1..8, 1 for upright; theirs is applied while they are decoded."""

    kind: str
    data: bytes
    orientation: int
    #: What a PNG's samples take when unpacked, twice that where it is interlaced: it takes twice the time.
    unpacked_bytes: int = 0
    #: Width and height in a JPEG's header, None for other kinds.
    jpeg_size_px: tuple[int, int] | None = None
    #: False where a JPEG's end is missing: then rows may be missing as well.
    is_whole: bool = True


def pixels_only(data: bytes, *, only_baseline: bool = False) -> PictureFile:
    """The picture in ``data``, as its decoder needs it. Raises BadFrame for what is none, or a JPEG that is not
    baseline where ``only_baseline`` is asked for, or that has more parts or scans than any camera makes."""
    if data[4:8] == b"ftyp":
        return _iso_media(data)
    data = _without_leading(data)
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data, only_baseline)
    if data.startswith(PNG_SIGNATURE):
        return _png(data)
    if data.startswith(b"RIFF"):
        return _webp(data)
    raise _no_picture()


def _without_leading(data: bytes) -> bytes:
    """``data`` from where its picture begins; empty where it holds none."""
    if data.startswith(b"\xff\xd8"):
        return data
    if data.startswith(OTHER_STARTS):
        return b""
    start = PICTURE_START.search(data, 0, MAX_LEADING_BYTES + 12)
    return data[start.start() :] if start and start.start() <= MAX_LEADING_BYTES else b""


def _iso_media(data: bytes) -> PictureFile:
    """The AVIF or HEIC file ``data``, as its brands say. Raises BadFrame for films and others."""
    length = min(int.from_bytes(data[:4], "big"), 256)
    brands = [data[place : place + 4] for place in (8, *range(16, length, 4))]
    if any(brand in AVIF_BRANDS for brand in brands):
        return PictureFile("AVIF", data, 1)
    if any(brand in HEIC_BRANDS for brand in brands):
        return PictureFile("HEIC", data, 1)
    raise _no_picture()


def _jpeg(data: bytes, only_baseline: bool) -> PictureFile:
    kept, scans, orientation, frame, is_whole = [data[:2]], 0, None, None, False
    place = 2
    for _ in range(MAX_PARTS):
        found = JPEG_MARKER.search(data, place)
        if found is None:
            break
        marker, place = data[found.start() + 1], found.end()
        if marker == END:
            is_whole = True
            break
        if marker in WITHOUT_LENGTH:
            continue
        body = _jpeg_body(data, place)
        if body is None:
            break
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
        raise _no_picture()
    # Without the end, decoders wait for more; with it they leave what is missing grey.
    kept.append(b"\xff\xd9")
    return PictureFile("JPEG", b"".join(kept), orientation or 1, jpeg_size_px=frame[:2], is_whole=is_whole)


def _jpeg_body(data: bytes, place: int) -> bytes | None:
    """What follows a marker and its length; None where the file ends before."""
    length = int.from_bytes(data[place : place + 2], "big")
    if place + 2 > len(data) or place + length > len(data):
        return None
    if length < 2:
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
    coefficient_bytes = _coefficient_bytes(width_px * height_px, body[6:]) if marker == PROGRESSIVE else 0
    return JpegFrame(width_px, height_px, body[5], coefficient_bytes)


def _coefficient_bytes(pixels: int, components: bytes) -> int:
    """JpegFrame's, of a JPEG whose header describes its ``components`` in three bytes each: two bytes a sample."""
    factors = [(byte >> 4, byte & 15) for byte in components[1::3]]
    largest = max((across for across, _ in factors), default=0) * max((down for _, down in factors), default=0)
    return 2 * pixels * sum(across * down for across, down in factors) // max(largest, 1)


def _check_scans(scans: int, frame: JpegFrame | None, only_baseline: bool) -> None:
    if frame is None:
        raise _damaged()
    if frame.coefficient_bytes > MAX_COEFFICIENT_BYTES:
        most_mb = MAX_COEFFICIENT_BYTES // 10**6
        raise TooLarge(
            f"Expected a progressive JPEG that takes at most {most_mb} MB to decode, got more.", SEND_BASELINE
        )
    pixels = max(frame.width_px * frame.height_px, 1)
    most = frame.components if only_baseline else min(MAX_SCANS, max(MAX_SCANNED_PX // pixels, 1))
    if scans > most:
        raise BadFrame(f"Expected a JPEG of at most {most} scans, got more.", SEND_BASELINE)


def _png(data: bytes) -> PictureFile:
    kept, orientation, place, unpacked_bytes = [PNG_SIGNATURE], None, len(PNG_SIGNATURE), 0
    for _ in range(MAX_PARTS):
        if place >= len(data):
            break
        if place + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, place)
        end = place + 12 + length
        body = data[place + 8 : end - 4]
        if len(body) < length and kind in PNG_PARTS:
            raise _damaged()
        if kind == b"IHDR":
            unpacked_bytes = _unpacked_bytes(body)
        if kind == b"IEND":
            break
        if kind in PNG_PARTS:
            kept.append(data[place:end] if end <= len(data) else _png_part(kind, body))
        elif kind == b"eXIf" and orientation is None:
            orientation = _orientation(body)
        place = end
    else:
        raise _too_many_parts()
    kept.append(PNG_END)
    return PictureFile("PNG", b"".join(kept), orientation or 1, unpacked_bytes)


def _png_part(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


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
            if kind in WEBP_PARTS:
                raise _damaged()
            break
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


def _no_picture() -> BadFrame:
    return BadFrame("Expected a JPEG, PNG or WebP picture, got something else.", SEND_PICTURE)


def _damaged() -> BadFrame:
    return BadFrame("The picture is damaged or cut short.", SEND_WHOLE)


def _too_many_parts() -> BadFrame:
    return BadFrame(
        f"Expected a picture's file of at most {MAX_PARTS} parts, got more.", "Save it anew, without its remarks."
    )
