"""What a decoder is given of a file: its pixels, upright; nothing that costs time without showing anything."""

from __future__ import annotations

import contextlib
import io
import struct
import time

import numpy as np
import pytest
from PIL import Image, ImageOps

from feelharmonic.errors import BadFrame, ListenerFault, TooLarge
from feelharmonic.reading.pictures.frame import TimedBytes, decode, decode_photograph, is_quick_frame
from feelharmonic.reading.pictures.picture_file import MAX_SCANS, pixels_only
from tests.support.costly_pictures import (
    FRAME_BYTES,
    FRAME_SIDE_PX,
    PHOTOGRAPH_BYTES,
    PHOTOGRAPH_SIDE_PX,
    chunk,
    costly,
    png,
    riff,
    saved,
    scans,
)
from tests.support.samples import encode

#: Of the processor's time. A frame of 1280×1280 takes 0.05 s, 24 megapixels 0.6; before, up to 5 and 40 s.
MAX_FRAME_S, MAX_PHOTOGRAPH_S = 0.3, 1.8


def _fails(*given: object) -> None:
    pytest.fail("was decoded")


def taken_s(read, data: bytes) -> float:
    start_s = time.process_time()
    with contextlib.suppress(ListenerFault):
        read(data)
    return time.process_time() - start_s


@pytest.fixture(scope="module")
def frames() -> dict[str, bytes]:
    return costly(FRAME_SIDE_PX, FRAME_BYTES)


def test_no_picture_found_takes_a_frames_reader_long(frames):
    slow = {name: seconds for name, data in frames.items() if (seconds := taken_s(decode, data)) > MAX_FRAME_S}
    assert not slow


@pytest.mark.full
def test_no_picture_found_takes_a_photographs_reader_long(frames):
    found = costly(PHOTOGRAPH_SIDE_PX, PHOTOGRAPH_BYTES)
    slow = {}
    for name, data in found.items():
        assert len(data) <= 10 * 2**20, name
        if (seconds := taken_s(decode_photograph, data)) > MAX_PHOTOGRAPH_S:
            slow[name] = seconds
    assert not slow


def test_a_progressive_jpeg_is_a_photograph_but_no_frame(astronaut_bgr):
    data = saved(Image.fromarray(astronaut_bgr[:, :, ::-1]), "JPEG", progressive=True)
    assert decode_photograph(data).width_px == 320
    with pytest.raises(BadFrame, match="Expected a baseline JPEG, got a progressive one") as caught:
        decode(data)
    assert "canvas" in caught.value.action


def test_more_scans_than_a_camera_makes_are_refused_before_decoding(monkeypatch):
    monkeypatch.setattr("feelharmonic.reading.pictures.frame._decode_photograph_pixels", _fails)
    with pytest.raises(BadFrame, match=f"Expected a JPEG of at most {MAX_SCANS} scans, got more"):
        decode_photograph(scans(320, 100_000))
    with pytest.raises(BadFrame, match="Expected a JPEG of at most 25 scans, got more"):
        decode_photograph(scans(PHOTOGRAPH_SIDE_PX, 1_000_000, most=30))


def test_a_progressive_jpeg_that_takes_too_much_memory_is_refused_before_decoding(monkeypatch):
    monkeypatch.setattr("feelharmonic.reading.pictures.frame._decode_photograph_pixels", _fails)
    data = saved(Image.new("RGB", (64, 64)), "JPEG", progressive=True, subsampling=0)
    at = data.index(b"\xff\xc2") + 5
    with pytest.raises(TooLarge, match="Expected a progressive JPEG that takes at most 200 MB to decode"):
        decode_photograph(data[:at] + struct.pack(">HH", 6000, 6000) + data[at + 4 :])


def test_a_baseline_frame_has_a_scan_for_each_colour_at_most():
    data = saved(Image.new("L", (64, 64)), "JPEG")
    start = data.index(b"\xff\xda")
    with pytest.raises(BadFrame, match="at most 1 scans"):
        decode(data[:-2] + data[start:])


def test_a_jpeg_of_another_coding_is_refused():
    data = saved(Image.new("RGB", (64, 64)), "JPEG")
    with pytest.raises(BadFrame, match="Expected a baseline JPEG, got one of another coding"):
        decode_photograph(data.replace(b"\xff\xc0", b"\xff\xc9", 1))


def test_a_png_that_unpacks_to_too_much_is_refused_before_decoding(monkeypatch):
    monkeypatch.setattr("feelharmonic.reading.pictures.frame._decode_photograph_pixels", _fails)
    with pytest.raises(TooLarge, match="at most 100 MB when unpacked"):
        decode_photograph(png(4000, 4000, depth=16, colour=6, interlaced=1))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("read", [decode, decode_photograph])
def test_every_rotation_in_exif_is_applied(astronaut_bgr, kind, orientation, read):
    picture = Image.fromarray(astronaut_bgr[:, :, ::-1])
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(picture, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    with Image.open(io.BytesIO(data)) as opened:
        expected = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))[:, :, ::-1]
    assert np.abs(read(data).pixels_bgr.astype(int) - expected).mean() < 1


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"II*\0",
        b"II*\0\xff\xff\xff\xff\1\0",
        b"MM\0*\0\0\0\x08\xff\xff" + bytes(5000),
        b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 0x0112, 3, 1, 9),
        b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 0x0112, 4, 1, 6),
    ],
)
def test_a_rotation_that_cannot_be_read_is_none(exif):
    jpeg = saved(Image.new("RGB", (64, 48)), "JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 8) + b"Exif\0\0" + exif
    assert pixels_only(jpeg[:2] + segment + jpeg[2:]).orientation == 1


def test_pixels_are_those_of_the_whole_file(astronaut_bgr):
    picture = Image.fromarray(astronaut_bgr[:, :, ::-1])
    for kind, options in {"JPEG": {"comment": b"a"}, "PNG": {"dpi": (72, 72)}, "WEBP": {"icc_profile": b"a"}}.items():
        for mode in ("RGB", "L", "CMYK") if kind == "JPEG" else ("RGB", "RGBA"):
            data = saved(picture.convert(mode), kind, **options)
            stripped = pixels_only(data).data
            assert len(stripped) < len(data)
            with Image.open(io.BytesIO(data)) as whole, Image.open(io.BytesIO(stripped)) as kept:
                assert (np.asarray(whole) == np.asarray(kept)).all(), (kind, mode)


def test_of_an_animation_the_first_picture_is_kept():
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "lime", "blue")]
    for kind in ("PNG", "WEBP"):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        for read in (decode, decode_photograph):
            blue, green, red = read(data).pixels_bgr[32, 32]
            assert red > 200 > 60 > max(blue, green), kind


def test_a_canvas_picture_passes(astronaut_bgr):
    """Chromium, Firefox and Safari write baseline JPEGs; the others are as they always were."""
    for suffix in (".jpg", ".png", ".webp"):
        assert decode(encode(astronaut_bgr, suffix)).width_px == 320


def test_a_file_of_too_many_parts_is_refused():
    part = chunk(b"tEXt", b"a\0")
    with pytest.raises(BadFrame, match="at most 8000 parts"):
        pixels_only(png(64, 64, before=part * 8001))
    with pytest.raises(BadFrame, match="at most 8000 parts"):
        pixels_only(riff(*[(b"abcd", b"")] * 8001))


def test_decoding_is_given_up_after_its_time():
    now_s = iter([0.0, 1.0, 7.0])
    timed = TimedBytes(b"abcd", 6.0, clock=lambda: next(now_s))
    assert timed.read(2) == b"ab"
    with pytest.raises(TimeoutError):
        timed.read(2)


def test_a_photograph_that_takes_too_long_is_refused_and_frees_its_place(astronaut_jpeg, monkeypatch):
    monkeypatch.setattr("feelharmonic.reading.pictures.frame.MAX_DECODE_S", -1.0)
    with pytest.raises(BadFrame, match="to decode"):
        decode_photograph(astronaut_jpeg)
    monkeypatch.undo()
    assert decode_photograph(astronaut_jpeg).width_px == 320


def test_only_small_jpegs_are_quick(frames, astronaut_jpeg):
    """A quick one may be read in the event loop: none of the costly ones that a search found may be."""
    assert is_quick_frame(astronaut_jpeg)
    assert is_quick_frame(b"\xff\xd8nothing")  # refused at once
    assert not is_quick_frame(None)
    for name, data in frames.items():
        if is_quick_frame(data):
            assert taken_s(decode, data) < 0.02, name
    assert not is_quick_frame(png(FRAME_SIDE_PX, FRAME_SIDE_PX, depth=16, colour=6, interlaced=1))
    assert not is_quick_frame(saved(Image.new("RGB", (FRAME_SIDE_PX, FRAME_SIDE_PX)), "JPEG"))
