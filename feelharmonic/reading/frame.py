"""JPEG, PNG or WebP bytes → Frame. Type and size are read from the header and refused before decoding.

In: bytes from a stranger: a camera's frame (`decode`) or a photograph (`decode_photograph`). Out: a Frame, or BadFrame,
or TooLarge. Nothing of the picture is kept, logged or passed on.
"""

from __future__ import annotations

import io
import threading

import cv2
import numpy as np
from PIL import Image, ImageOps

from feelharmonic.errors import BadFrame, BadInput, TooLarge
from feelharmonic.reading.messages import Frame

#: Only these, told by their content; Pillow's other readers are never tried.
FORMATS = ("JPEG", "PNG", "WEBP")

MAX_BYTES = 512 * 1024

MAX_SIDE_PX = 1280

#: Smaller than this shows no face.
MIN_SIDE_PX = 32

#: A photograph may be this large; larger ones are refused by their header.
MAX_PHOTOGRAPH_BYTES = 10 * 1024 * 1024

MAX_PHOTOGRAPH_PX = 24_000_000

#: A photograph is read at this size or less (the longer side): faces of a fortieth of it are still found.
PHOTOGRAPH_SIDE_PX = 1600

SEND_PICTURE = "Send a JPEG, PNG or WebP picture as binary."

SEND_SMALLER = "Send a smaller picture."

SEND_A_FRAME = "Send a smaller picture; 320×240 is enough."


def decode(data: object) -> Frame:
    """The picture in ``data`` (bytes-like, at most MAX_BYTES, at most MAX_SIDE_PX on either side) as a Frame.

    A rotation noted in EXIF is applied. Raises BadFrame for what is no whole picture, TooLarge before decoding.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise BadFrame(f"Expected the bytes of a picture, got {type(data).__name__}.", SEND_PICTURE)
    if len(data) == 0:
        raise BadFrame("Expected the bytes of a picture, got none.", SEND_PICTURE)
    if len(data) > MAX_BYTES:
        raise TooLarge(
            f"Expected at most {MAX_BYTES // 1024} KB, got {len(data) / 1024:.0f} KB.",
            SEND_A_FRAME,
        )
    width_px, height_px = _header_size(data, f"{MAX_SIDE_PX}×{MAX_SIDE_PX} pixels", SEND_A_FRAME)
    if max(width_px, height_px) > MAX_SIDE_PX:
        raise TooLarge(
            f"Expected at most {MAX_SIDE_PX}×{MAX_SIDE_PX} pixels, got {width_px}×{height_px}.",
            SEND_A_FRAME,
        )
    return _at_least(Frame(pixels_bgr=_decode_pixels(data)))


def _at_least(frame: Frame) -> Frame:
    """``frame``, where it is large enough to show a face."""
    if min(frame.width_px, frame.height_px) < MIN_SIDE_PX:
        size = f"{frame.width_px}×{frame.height_px}"
        raise BadFrame(f"Expected at least {MIN_SIDE_PX}×{MIN_SIDE_PX} pixels, got {size}.", "Send a larger picture.")
    return frame


#: Decoding a photograph takes up to 100 MB: one at a time, whoever asks.
_one_photograph = threading.Lock()


def decode_photograph(data: object) -> Frame:
    """The photograph in ``data`` (bytes-like, at most MAX_PHOTOGRAPH_BYTES and MAX_PHOTOGRAPH_PX) as a Frame.

    A rotation noted in EXIF is applied, the first picture of an animation taken; the longer side is at most
    PHOTOGRAPH_SIDE_PX afterwards. Raises BadFrame for what is no whole picture, TooLarge before decoding.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise BadFrame(f"Expected the bytes of a picture, got {type(data).__name__}.", SEND_PICTURE)
    if len(data) == 0:
        raise BadFrame("Expected the bytes of a picture, got none.", SEND_PICTURE)
    if len(data) > MAX_PHOTOGRAPH_BYTES:
        raise TooLarge(
            f"Expected at most {MAX_PHOTOGRAPH_BYTES // 2**20} MB, got {len(data) / 2**20:.1f} MB.", SEND_SMALLER
        )
    width_px, height_px = _header_size(data, f"{MAX_PHOTOGRAPH_PX / 1e6:.0f} megapixels", SEND_SMALLER)
    if width_px * height_px > MAX_PHOTOGRAPH_PX:
        raise TooLarge(
            f"Expected at most {MAX_PHOTOGRAPH_PX / 1e6:.0f} megapixels, got {width_px}×{height_px}.", SEND_SMALLER
        )
    with _one_photograph:
        return _at_least(Frame(pixels_bgr=_decode_photograph_pixels(data)))


def _decode_photograph_pixels(data: bytes) -> np.ndarray:
    """(H, W, 3) uint8 BGR, upright, the longer side at most PHOTOGRAPH_SIDE_PX."""
    side = (PHOTOGRAPH_SIDE_PX, PHOTOGRAPH_SIDE_PX)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            picture.draft("RGB", side)  # a JPEG is decoded at a half, a quarter or an eighth where that is enough
            picture.load()
            if picture.mode.startswith("I"):  # 16 bits a sample: Pillow would clip where it should divide
                picture = Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8))
            picture.thumbnail(side, reducing_gap=2.0)
            return np.ascontiguousarray(np.asarray(_upright(picture.convert("RGB")))[:, :, ::-1])
    except Exception as exc:  # as in _header_size
        raise BadFrame("The picture is damaged or cut short.", "Send the whole picture.") from exc


def _upright(picture: Image.Image) -> Image.Image:
    """``picture`` turned as its EXIF says; as it is where that cannot be read."""
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # Pillow's EXIF reader raises and warns of many kinds
        return picture


def _header_size(data: bytes, most: str, action: str) -> tuple[int, int]:
    """Width and height in pixels as the header tells; nothing is decoded. ``most``: what a bomb is told."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            return picture.size
    except Image.DecompressionBombError as exc:
        raise TooLarge(f"Expected at most {most}, got far more.", action) from exc
    # Pillow's readers raise many kinds on damaged headers (OSError, SyntaxError, struct.error, …): all mean the same.
    except Exception as exc:
        raise BadFrame("Expected a JPEG, PNG or WebP picture, got something else.", SEND_PICTURE) from exc


def _decode_pixels(data: bytes) -> np.ndarray:
    """(H, W, 3) uint8 BGR. By OpenCV: it took 0.6 of Pillow's time for a 320×240 JPEG when both were tried."""
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as exc:
        raise BadFrame("The picture is damaged: it cannot be decoded.", "Send the whole picture.") from exc
    if pixels is None:
        raise BadFrame("The picture is damaged or cut short.", "Send the whole picture.")
    return pixels


def check_frame(frame_bgr: object) -> None:
    """Raises BadInput unless ``frame_bgr`` is an (H, W, 3) uint8 array of at least 32×32."""
    expected = "Expected a frame (H, W, 3) uint8 BGR of at least 32×32 pixels"
    if not isinstance(frame_bgr, np.ndarray):
        raise BadInput(f"{expected}, got {type(frame_bgr).__name__}.")
    if frame_bgr.ndim != 3 or frame_bgr.shape[2] != 3 or frame_bgr.dtype != np.uint8 or min(frame_bgr.shape[:2]) < 32:
        raise BadInput(
            f"{expected}, got shape {frame_bgr.shape}, dtype {frame_bgr.dtype}. "
            "Convert with cv2.cvtColor(…, cv2.COLOR_GRAY2BGR or cv2.COLOR_BGRA2BGR)."
        )
