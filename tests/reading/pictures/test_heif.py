"""AVIF and HEIC photographs are read where this Python can decode them, and said plainly where not."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from PIL import Image, features

from feelharmonic.errors import BadFrame, TooLarge
from feelharmonic.reading.pictures.frame import decode, decode_photograph


@pytest.fixture(scope="module")
def avif(astronaut_bgr):
    if not features.check("avif"):
        pytest.skip("this Pillow has no AVIF decoder")
    return lambda **options: _saved(Image.fromarray(astronaut_bgr[:, :, ::-1].copy()), "AVIF", **options)


@pytest.fixture(scope="module")
def heic(astronaut_bgr):
    pillow_heif = pytest.importorskip("pillow_heif", reason="pillow-heif writes the picture that is read")
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(astronaut_bgr[:, :, ::-1].copy())).save(buffer, quality=90)
    return buffer.getvalue()


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def test_avif_is_read(avif, astronaut_bgr):
    pixels = decode_photograph(avif(quality=90)).pixels_bgr
    assert np.abs(pixels.astype(int) - astronaut_bgr).mean() < 6


def test_heic_is_read(heic, astronaut_bgr):
    pixels = decode_photograph(heic).pixels_bgr
    assert np.abs(pixels.astype(int) - astronaut_bgr).mean() < 6


def test_avif_is_turned_upright(avif, astronaut_bgr):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = decode_photograph(avif(quality=90, exif=exif)).pixels_bgr
    assert np.abs(turned.astype(int) - np.rot90(astronaut_bgr, 3)).mean() < 6


def test_heic_without_its_library_is_refused_with_what_is_missing(heic, monkeypatch):
    for name in ("pi_heif", "pillow_heif"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(BadFrame, match="got HEIC, which needs the Python package") as caught:
        decode_photograph(heic)
    assert caught.value.action == "Save it as JPEG and send that."


def test_avif_without_its_decoder_is_refused_with_what_is_missing(avif, monkeypatch):
    data = avif()
    monkeypatch.setattr(features, "check", lambda name: False)
    with pytest.raises(BadFrame, match="got AVIF, which needs Pillow"):
        decode_photograph(data)


@pytest.mark.parametrize("kept", [0.2, 0.9])
def test_a_damaged_one_is_a_fault_of_ours(avif, heic, kept):
    for data in (avif(), heic):
        with pytest.raises(BadFrame):
            decode_photograph(data[: int(len(data) * kept)])


def test_too_many_pixels_are_refused_before_decoding(avif, monkeypatch):
    monkeypatch.setattr("feelharmonic.reading.pictures.frame.MAX_PHOTOGRAPH_PX", 70_000)
    with pytest.raises(TooLarge, match="got 320×240"):
        decode_photograph(avif())


def test_a_live_frame_is_neither(avif, heic):
    for data, kind in ((avif(), "AVIF"), (heic, "HEIC")):
        with pytest.raises(BadFrame, match=f"got {kind}"):
            decode(data)
