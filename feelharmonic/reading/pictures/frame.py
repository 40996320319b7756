"""JPEG, PNG or WebP bytes → Frame: a camera's frame (`decode`) or a photograph (`decode_photograph`).

Type and size are read from the header and checked before decoding. Nothing of the picture is kept or logged. A
photograph may be AVIF or HEIC where this Python can decode it (heif.py).
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image

from feelharmonic.errors import BadFrame, BadInput, TooLarge, TooSmall
from feelharmonic.reading.messages import Frame
from feelharmonic.reading.pictures.heif import decode_heif
from feelharmonic.reading.pictures.picture_file import SEND_PICTURE, SEND_WHOLE, PictureFile, pixels_only

#: Recognised by content, not by name; Pillow's other readers are never tried.
FORMATS = ("JPEG", "PNG", "WEBP")

MAX_BYTES = 512 * 1024

MAX_SIDE_PX = 1280

#: The page's frames have 320×240 pixels and about 10 KB.
MAX_QUICK_BYTES, MAX_QUICK_PX = 64 * 1024, 640 * 480

#: A smaller picture shows no face.
MIN_SIDE_PX = 32

#: A photograph that is sent, and one on this machine's own disk.
MAX_PHOTOGRAPH_BYTES = 10 * 1024 * 1024
MAX_PHOTOGRAPH_FILE_BYTES = 64 * 1024 * 1024

MAX_PHOTOGRAPH_PX = 24_000_000

#: A JPEG is decoded at a fraction of its size, in little memory. Phones make up to 64 megapixels, panoramas as many.
MAX_JPEG_PX = 80_000_000

#: A PNG's unpacked samples: 24 megapixels with transparency. Interlaced ones count twice.
MAX_UNPACKED_BYTES = 100_000_000

#: A photograph's longer side is reduced to this; faces of a fortieth of it are still found.
PHOTOGRAPH_SIDE_PX = 1600

#: A long one's shorter side is at least half of that: otherwise its faces would be too small to find.
LONG_SIDE_PX = 8000

#: Where a JPEG's end is missing, at most this share of its rows may be missing with it.
MAX_MISSING_SHARE = 0.25

#: Decoding is given up after this time, so that the next picture gets its turn. 24 megapixels take a second.
MAX_DECODE_S = 6.0

SEND_SMALLER = "Send a smaller picture."

SEND_A_FRAME = "Send a smaller picture; 320×240 is enough."


def decode(data: object) -> Frame:
    """The picture in ``data`` (bytes-like, at most MAX_BYTES, at most MAX_SIDE_PX on either side) as a Frame.

    A JPEG must be baseline. Exif's orientation is applied. Raises BadFrame for incomplete or other data, TooLarge
    before decoding.
    """
    data = _checked_bytes(data)
    if len(data) > MAX_BYTES:
        raise TooLarge(
            f"Expected at most {MAX_BYTES // 1024} KB, got {len(data) / 1024:.0f} KB.",
            SEND_A_FRAME,
        )
    file = pixels_only(bytes(data), only_baseline=True)
    if file.kind in ("AVIF", "HEIC"):
        raise BadFrame(f"Expected a JPEG, PNG or WebP picture, got {file.kind}.", SEND_PICTURE)
    limit = f"{MAX_SIDE_PX}×{MAX_SIDE_PX} pixels"
    # Pillow reads a JPEG's tables too, which takes half as long as decoding it.
    width_px, height_px = file.jpeg_size_px or _header_size(file.data, limit, SEND_A_FRAME)
    if max(width_px, height_px) > MAX_SIDE_PX:
        raise TooLarge(
            f"Expected at most {limit}, got {width_px}×{height_px}.",
            SEND_A_FRAME,
        )
    return _upright_frame(_decode_pixels(file), file)


def is_quick_frame(data: object) -> bool:
    """Whether ``data`` is decoded and read in a few milliseconds: a small JPEG, as the page sends it. Others take up to
    a fraction of a second."""
    if not isinstance(data, bytes) or len(data) > MAX_QUICK_BYTES:
        return False
    try:
        size_px = pixels_only(data, only_baseline=True).jpeg_size_px
    except BadFrame:
        return True  # refused as quickly
    return size_px is not None and size_px[0] * size_px[1] <= MAX_QUICK_PX


def _checked_bytes(data: object) -> bytes | bytearray | memoryview:
    """``data`` if it is bytes-like and not empty. Raises BadFrame."""
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise BadFrame(f"Expected the bytes of a picture, got {type(data).__name__}.", SEND_PICTURE)
    if len(data) == 0:
        raise BadFrame("Expected the bytes of a picture, got none.", SEND_PICTURE)
    return data


def _upright_frame(pixels: np.ndarray, file: PictureFile) -> Frame:
    """``pixels`` as ``file`` has them, upright. Raises BadFrame where too many are missing, or too few are there."""
    if not file.is_whole:
        check_rows(pixels)
    return _checked_size(Frame(pixels_bgr=_upright(pixels, file.orientation)))


def _checked_size(frame: Frame) -> Frame:
    """``frame`` if it is large enough to show a face. Raises TooSmall."""
    if min(frame.width_px, frame.height_px) < MIN_SIDE_PX:
        size = f"{frame.width_px}×{frame.height_px}"
        raise TooSmall(f"Expected at least {MIN_SIDE_PX}×{MIN_SIDE_PX} pixels, got {size}.", "Send a larger picture.")
    return frame


#: Decoding a photograph takes up to 100 MB of memory: one at a time in this process.
_photograph_lock = threading.Lock()


def decode_photograph(data: object, max_bytes: int = MAX_PHOTOGRAPH_BYTES) -> Frame:
    """The photograph in ``data`` (bytes-like, at most ``max_bytes``, MAX_PHOTOGRAPH_PX or MAX_JPEG_PX) as a Frame.

    Exif's orientation is applied; of an animation the first picture is taken; then it has at most ``reduced_size``.
    Raises BadFrame for incomplete or other data, TooLarge before decoding.
    """
    data = _checked_bytes(data)
    if len(data) > max_bytes:
        raise TooLarge(f"Expected at most {max_bytes // 2**20} MB ({max_bytes:,} bytes), got more.", SEND_SMALLER)
    file = pixels_only(bytes(data))
    if file.kind in ("AVIF", "HEIC"):
        with _photograph_lock:
            return _checked_size(Frame(pixels_bgr=decode_heif(file, reduced_size, MAX_PHOTOGRAPH_PX)))
    most_px = MAX_JPEG_PX if file.kind == "JPEG" else MAX_PHOTOGRAPH_PX
    width_px, height_px = _header_size(file.data, f"{most_px / 1e6:.0f} megapixels", SEND_SMALLER)
    if width_px * height_px > most_px:
        raise TooLarge(f"Expected at most {most_px / 1e6:.0f} megapixels, got {width_px}×{height_px}.", SEND_SMALLER)
    if file.unpacked_bytes > MAX_UNPACKED_BYTES:
        raise TooLarge(
            f"Expected a PNG of at most {MAX_UNPACKED_BYTES // 10**6} MB when unpacked (half of that if interlaced), "
            "got more.",
            "Send a smaller picture, or a JPEG.",
        )
    with _photograph_lock:
        pixels = _decode_photograph_pixels(file.data, reduced_size(width_px, height_px))
    return _upright_frame(pixels, file)


def reduced_size(width_px: int, height_px: int) -> tuple[int, int]:
    """The size at which a photograph of this size is read: its longer side at most PHOTOGRAPH_SIDE_PX, the shorter
    side of a long one at most half of that and the longer one at most LONG_SIDE_PX. Never larger than it is."""
    longer, shorter = max(width_px, height_px), min(width_px, height_px)
    scale = PHOTOGRAPH_SIDE_PX / longer
    if longer > 2 * shorter:
        scale = min(PHOTOGRAPH_SIDE_PX / 2 / shorter, LONG_SIDE_PX / longer)
    scale = min(scale, 1.0)
    # Halves are rounded up, as JavaScript does.
    return max(1, int(width_px * scale + 0.5)), max(1, int(height_px * scale + 0.5))


def check_rows(pixels: np.ndarray) -> None:
    """Raises BadFrame where too much of a JPEG without its end is missing: decoders fill that with one colour."""
    differ = np.flatnonzero((pixels != pixels[-1, -1]).any(axis=(1, 2)))
    filled = len(pixels) - (int(differ[-1]) + 1 if len(differ) else 0)
    if filled > MAX_MISSING_SHARE * len(pixels):
        raise BadFrame("The picture is damaged or cut short.", SEND_WHOLE)


class TimedBytes(io.BytesIO):
    """A file in memory that raises TimeoutError when read after ``timeout_s`` seconds. Decoders read in pieces."""

    def __init__(self, data: bytes, timeout_s: float, clock: Callable[[], float] = time.monotonic):
        super().__init__(data)
        self._clock = clock
        self._ends_s = clock() + timeout_s

    def read(self, size: int | None = -1) -> bytes:
        if self._clock() > self._ends_s:
            raise TimeoutError
        return super().read(size)


def _decode_photograph_pixels(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 BGR, as the file has it, at most of ``size`` (width, height)."""
    try:
        with Image.open(TimedBytes(data, MAX_DECODE_S), formats=FORMATS) as file:
            file.draft("RGB", size)  # a JPEG is decoded at a half, a quarter or an eighth where that is enough
            file.load()
            picture: Image.Image = file
            if picture.mode.startswith("I"):  # 16 bits a sample: Pillow would clip where it should divide
                picture = Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8))
            picture.thumbnail(size, reducing_gap=2.0)
            return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])
    except TimeoutError as exc:
        raise BadFrame(f"The picture takes longer than {MAX_DECODE_S:.0f} s to decode.", SEND_SMALLER) from exc
    except Exception as exc:  # as in _header_size
        raise BadFrame("The picture is damaged or cut short.", SEND_WHOLE) from exc


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """``pixels`` (H, W, 3) turned and mirrored as Exif's ``orientation``, 1..8, says."""
    if orientation == 1:
        return pixels
    if orientation in (5, 7):
        pixels = pixels.transpose(1, 0, 2)
    turned = {3: np.rot90(pixels, 2), 6: np.rot90(pixels, 3), 7: np.rot90(pixels, 2), 8: np.rot90(pixels)}
    mirrored = {2: pixels[:, ::-1], 4: pixels[::-1]}
    return np.ascontiguousarray({**turned, **mirrored}.get(orientation, pixels))


def _header_size(data: bytes, limit: str, action: str) -> tuple[int, int]:
    """Width and height in pixels from the header; nothing is decoded. ``limit`` is named to decompression bombs."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            return int(picture.width), int(picture.height)
    except Image.DecompressionBombError as exc:
        raise TooLarge(f"Expected at most {limit}, got far more.", action) from exc
    # On damaged headers Pillow's readers raise many types (OSError, SyntaxError, struct.error, …).
    except Exception as exc:
        raise BadFrame("Expected a JPEG, PNG or WebP picture, got something else.", SEND_PICTURE) from exc


def _decode_pixels(file: PictureFile) -> np.ndarray:
    """(H, W, 3) uint8 BGR, not yet upright. By OpenCV, which takes 0.6 of Pillow's time for a 320×240 JPEG; a PNG by
    Pillow, because OpenCV also unpacks what follows the last pixel."""
    if file.kind == "PNG":
        return _decode_photograph_pixels(file.data, (MAX_SIDE_PX, MAX_SIDE_PX))
    try:
        pixels = cv2.imdecode(np.frombuffer(file.data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as exc:
        raise BadFrame("The picture is damaged: it cannot be decoded.", SEND_WHOLE) from exc
    if pixels is None:
        raise BadFrame("The picture is damaged or cut short.", SEND_WHOLE)
    return pixels


def check_frame(frame_bgr: object) -> None:
    """Raises BadInput unless ``frame_bgr`` is an (H, W, 3) uint8 array of at least MIN_SIDE_PX a side."""
    expected = f"Expected a frame (H, W, 3) uint8 BGR of at least {MIN_SIDE_PX}×{MIN_SIDE_PX} pixels"
    if not isinstance(frame_bgr, np.ndarray):
        raise BadInput(f"{expected}, got {type(frame_bgr).__name__}.")
    is_bgr = frame_bgr.ndim == 3 and frame_bgr.shape[2] == 3 and frame_bgr.dtype == np.uint8
    if not is_bgr or min(frame_bgr.shape[:2]) < MIN_SIDE_PX:
        raise BadInput(
            f"{expected}, got shape {frame_bgr.shape}, dtype {frame_bgr.dtype}. "
            "Convert with cv2.cvtColor(…, cv2.COLOR_GRAY2BGR or cv2.COLOR_BGRA2BGR)."
        )
