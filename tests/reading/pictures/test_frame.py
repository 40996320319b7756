"""Bytes from a stranger become a Frame or a clear fault."""

from __future__ import annotations

import io
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from feelharmonic.errors import BadFrame, ListenerFault, TooLarge, TooSmall
from feelharmonic.reading.pictures.frame import MAX_BYTES, MAX_PHOTOGRAPH_BYTES, decode, decode_photograph
from tests.support.corrupt_pictures import png
from tests.support.samples import PROJECT, encode


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_each_format_gives_bgr_pixels(astronaut_bgr, suffix):
    frame = decode(encode(astronaut_bgr, suffix))
    assert (frame.width_px, frame.height_px) == (320, 240)
    assert frame.pixels_bgr.dtype == np.uint8
    assert np.abs(frame.pixels_bgr.astype(int) - astronaut_bgr).mean() < 6


def test_bytearray_and_memoryview_are_read_too(astronaut_jpeg):
    assert decode(bytearray(astronaut_jpeg)).width_px == decode(memoryview(astronaut_jpeg)).width_px == 320


def test_grey_and_transparent_pictures_become_bgr():
    for mode in ("L", "RGBA", "P"):
        buffer = io.BytesIO()
        Image.new(mode, (64, 48)).save(buffer, "PNG")
        assert decode(buffer.getvalue()).pixels_bgr.shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "Expected the bytes of a picture, got none."),
        (5, "Expected the bytes of a picture, got int."),
        ("text", "Expected the bytes of a picture, got str."),
        (None, "Expected the bytes of a picture, got NoneType."),
        ([1, 2], "Expected the bytes of a picture, got list."),
        (b"Dear server, this is a text file.", "Expected a JPEG, PNG or WebP picture, got something else."),
        (b"GIF89a" + b"\x00" * 60, "Expected a JPEG, PNG or WebP picture, got something else."),
        (b"\xff\xd8\xff", "Expected a JPEG, PNG or WebP picture, got something else."),
    ],
)
def test_what_is_no_picture_is_refused_with_a_reason(data, text):
    with pytest.raises(BadFrame) as caught:
        decode(data)
    assert caught.value.text == text
    assert caught.value.action == "Send a JPEG, PNG or WebP picture as binary."
    assert caught.value.code == "bad_frame"


@pytest.mark.parametrize(
    ("suffix", "kept"),
    [(".jpg", 0.1), (".jpg", 0.5), *((suffix, kept) for suffix in (".png", ".webp") for kept in (0.1, 0.5, 0.9))],
)
@pytest.mark.parametrize("read", [decode, decode_photograph])
def test_a_picture_cut_short_is_refused(astronaut_bgr, suffix, kept, read):
    data = encode(astronaut_bgr, suffix)
    with pytest.raises(BadFrame, match="damaged or cut short"):
        read(data[: int(len(data) * kept)])


@pytest.mark.parametrize("lost", [1, 2, 12, 400])
@pytest.mark.parametrize("read", [decode, decode_photograph])
def test_a_jpeg_without_its_last_bytes_is_read_as_viewers_show_it(astronaut_bgr, lost, read):
    data = encode(astronaut_bgr, ".jpg")
    whole, cut = read(data).pixels_bgr, read(data[:-lost]).pixels_bgr
    assert (whole[:200] == cut[:200]).all()


@pytest.mark.parametrize(("suffix", "lost"), [(".png", 1), (".png", 12), (".png", 15)])
def test_a_png_without_its_end_is_read(astronaut_bgr, suffix, lost):
    data = encode(astronaut_bgr, suffix)
    assert (decode_photograph(data[:-lost]).pixels_bgr == astronaut_bgr).all()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("before", [b"\r\n", bytes(1000), b"--a\r\nContent-Type: image/jpeg\r\n\r\n"])
@pytest.mark.parametrize("read", [decode, decode_photograph])
def test_bytes_before_a_picture_are_passed_over(astronaut_bgr, suffix, before, read):
    data = encode(astronaut_bgr, suffix)
    assert (read(before + data).pixels_bgr == read(data).pixels_bgr).all()


def test_the_preview_within_another_file_is_not_taken_for_it(astronaut_jpeg):
    for start in (b"II*\0\x08\0\0\0", b"%PDF-1.7\n", b"GIF89a"):
        with pytest.raises(BadFrame, match="got something else"):
            decode_photograph(start + astronaut_jpeg)


@pytest.mark.parametrize("size", [(1281, 10), (10, 1281), (20_000, 20_000), (2**31 - 1, 2**31 - 1)])
def test_too_many_pixels_are_refused_before_decoding(size, monkeypatch):
    monkeypatch.setattr("feelharmonic.reading.pictures.frame._decode_pixels", lambda data: pytest.fail("was decoded"))
    with pytest.raises(TooLarge) as caught:
        decode(png(*size))
    assert caught.value.code == "too_large"
    assert caught.value.text.startswith("Expected at most 1280×1280 pixels, got ")


def test_the_largest_size_allowed_is_read():
    assert decode(encode(np.zeros((1280, 1280, 3), np.uint8))).width_px == 1280


def test_a_jpeg_too_large_is_refused_by_its_header_before_decoding(monkeypatch):
    monkeypatch.setattr("feelharmonic.reading.pictures.frame._decode_pixels", lambda data: pytest.fail("was decoded"))
    with pytest.raises(TooLarge, match="Expected at most 1280×1280 pixels, got 1281×40"):
        decode(encode(np.zeros((40, 1281, 3), np.uint8), ".jpg"))


def test_the_size_of_a_camera_s_jpeg_is_read_once(astronaut_bgr, monkeypatch):
    monkeypatch.setattr("feelharmonic.reading.pictures.frame._header_size", lambda *_: pytest.fail("was read again"))
    frame = decode(encode(astronaut_bgr, ".jpg"))
    assert (frame.height_px, frame.width_px) == astronaut_bgr.shape[:2]


@pytest.mark.parametrize("size", [(320, 22), (2, 2)])
def test_a_flat_camera_is_told_by_a_code_of_its_own(size):
    with pytest.raises(TooSmall) as caught:
        decode(encode(np.zeros((size[1], size[0], 3), np.uint8), ".jpg"))
    assert caught.value.code == "too_small"


def test_the_flat_camera_of_the_reports_is_told():
    with pytest.raises(TooSmall, match="Expected at least 32×32 pixels, got 320×22"):
        decode((PROJECT / "tests/support/reports/pictures/camera_320x22.jpg").read_bytes())


def test_too_many_bytes_are_refused_before_the_header_is_read(monkeypatch):
    monkeypatch.setattr("feelharmonic.reading.pictures.frame._header_size", lambda data: pytest.fail("was read"))
    with pytest.raises(TooLarge) as caught:
        decode(b"\xff\xd8" + bytes(MAX_BYTES))
    assert caught.value.text == "Expected at most 512 KB, got 512 KB."


@pytest.mark.parametrize("size", [(6000, 4001), (24_000_001, 1), (2**31 - 1, 2**31 - 1)])
def test_a_photograph_with_too_many_pixels_is_refused_before_decoding(size, monkeypatch):
    monkeypatch.setattr(
        "feelharmonic.reading.pictures.frame._decode_photograph_pixels", lambda *_: pytest.fail("was decoded")
    )
    with pytest.raises(TooLarge) as caught:
        decode_photograph(png(*size))
    assert caught.value.text.startswith("Expected at most 24 megapixels, got ")


def test_a_photograph_of_24_megapixels_is_decoded(monkeypatch):
    decoded = np.zeros((40, 60, 3), np.uint8)
    monkeypatch.setattr("feelharmonic.reading.pictures.frame._decode_photograph_pixels", lambda *_: decoded)
    assert decode_photograph(png(6000, 4000)).pixels_bgr is decoded


@pytest.mark.parametrize(("size", "expected"), [((8064, 6048), (1600, 1200)), ((16000, 3000), (4267, 800))])
def test_a_phones_jpeg_is_decoded_at_a_fraction_of_its_size(size, expected):
    buffer = io.BytesIO()
    Image.new("RGB", size, (90, 120, 150)).save(buffer, "JPEG", quality=30)
    frame = decode_photograph(buffer.getvalue())
    assert (frame.width_px, frame.height_px) == expected


def test_a_jpeg_of_more_than_80_megapixels_is_refused_before_decoding(astronaut_jpeg, monkeypatch):
    monkeypatch.setattr(
        "feelharmonic.reading.pictures.frame._decode_photograph_pixels", lambda *_: pytest.fail("was decoded")
    )
    at = astronaut_jpeg.index(b"\xff\xc0") + 5
    header = (9000).to_bytes(2, "big") + (9000).to_bytes(2, "big")
    with pytest.raises(TooLarge, match="Expected at most 80 megapixels, got 9000×9000"):
        decode_photograph(astronaut_jpeg[:at] + header + astronaut_jpeg[at + 4 :])


def test_a_photograph_with_too_many_bytes_is_refused_before_the_header_is_read(monkeypatch):
    monkeypatch.setattr("feelharmonic.reading.pictures.frame._header_size", lambda *_: pytest.fail("was read"))
    with pytest.raises(TooLarge, match=r"Expected at most 10 MB \(10,485,760 bytes\), got more\."):
        decode_photograph(bytes(MAX_PHOTOGRAPH_BYTES + 1))


def test_a_rotation_in_exif_is_applied(astronaut_bgr):
    picture = Image.fromarray(astronaut_bgr[:, :, ::-1])
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90°
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", exif=exif)
    frame = decode(buffer.getvalue())
    assert (frame.width_px, frame.height_px) == (240, 320)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_picture_or_a_fault_of_ours(data):
    for start in (b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBP"):
        with suppress(ListenerFault):
            assert min(decode(start + data).pixels_bgr.shape) > 0
