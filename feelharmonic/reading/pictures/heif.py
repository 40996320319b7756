"""AVIF and HEIC photographs → pixels, where this Python can decode them: AVIF by Pillow (from release 11.3), HEIC by
pi-heif or pillow-heif, which are not installed with the program: their libraries have other licences.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageOps, features

from feelharmonic.errors import BadFrame, TooLarge
from feelharmonic.reading.pictures.picture_file import SEND_AS_JPEG, SEND_WHOLE, PictureFile

#: Either decodes HEIC; pi-heif has no encoder.
HEIC_MODULES = ("pi_heif", "pillow_heif")


def decode_heif(file: PictureFile, reduced_size: Callable[[int, int], tuple[int, int]], max_px: int) -> np.ndarray:
    """(H, W, 3) uint8 BGR, upright, at most of ``reduced_size`` of its width and height.

    Raises BadFrame where it cannot be decoded here or is damaged, TooLarge above ``max_px`` before decoding.
    """
    open_file = _avif_opener() if file.kind == "AVIF" else _heic_opener()
    try:
        opened = open_file(io.BytesIO(file.data))
        width_px, height_px = opened.size
        if width_px * height_px > max_px:
            got = f"{width_px}×{height_px}"
            raise TooLarge(f"Expected at most {max_px / 1e6:.0f} megapixels, got {got}.", SEND_AS_JPEG)
        # HEIC is upright already; Pillow leaves AVIF's turn to its caller.
        picture = ImageOps.exif_transpose(opened) if isinstance(opened, Image.Image) else opened.to_pillow()
        picture.thumbnail(reduced_size(*picture.size), reducing_gap=2.0)
        return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])
    except TooLarge:
        raise
    except Exception as exc:  # on damaged files the decoders raise many types
        raise BadFrame("The picture is damaged or cut short.", SEND_WHOLE) from exc


def _avif_opener() -> Callable[[io.BytesIO], Any]:
    if not features.check("avif"):
        raise _unreadable("AVIF", "Pillow 11.3 or later")
    return lambda data: Image.open(data, formats=("AVIF",))


def _heic_opener() -> Callable[[io.BytesIO], Any]:
    for name in HEIC_MODULES:
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        return lambda data: module.open_heif(data, convert_hdr_to_8bit=True)
    raise _unreadable("HEIC", "the Python package pi-heif or pillow-heif")


def _unreadable(kind: str, missing: str) -> BadFrame:
    return BadFrame(f"Expected a JPEG, PNG or WebP picture, got {kind}, which needs {missing} here.", SEND_AS_JPEG)
