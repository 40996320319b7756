"""Where a picture's limits lie: what is just allowed is read, what is just above is refused."""

from __future__ import annotations

import io
import threading

import numpy as np
import pytest
from PIL import Image

from feelharmonic.errors import BadFrame, BadInput, TooLarge
from feelharmonic.reading.pictures import frame
from feelharmonic.reading.pictures.frame import (
    MAX_BYTES,
    MAX_PHOTOGRAPH_BYTES,
    MIN_SIDE_PX,
    check_frame,
    check_rows,
    decode,
    decode_photograph,
    reduced_size,
)
from feelharmonic.reading.pictures.picture_file import pixels_only
from tests.support.samples import encode

READERS = [(decode, MAX_BYTES), (decode_photograph, MAX_PHOTOGRAPH_BYTES)]


@pytest.mark.parametrize(("read", "max_bytes"), READERS)
def test_a_file_of_the_largest_size_is_read_and_one_byte_more_is_refused(astronaut_jpeg, read, max_bytes):
    largest = astronaut_jpeg + bytes(max_bytes - len(astronaut_jpeg))
    assert read(largest).width_px == 320
    with pytest.raises(TooLarge):
        read(largest + b"\0")


def test_a_caller_may_allow_photographs_another_size(astronaut_jpeg):
    assert decode_photograph(astronaut_jpeg, len(astronaut_jpeg)).width_px == 320
    with pytest.raises(TooLarge, match="got more"):
        decode_photograph(astronaut_jpeg, len(astronaut_jpeg) - 1)


@pytest.mark.parametrize("read", [decode, decode_photograph])
def test_a_picture_of_the_smallest_size_is_read_and_a_smaller_one_is_refused(read):
    side = MIN_SIDE_PX
    assert read(encode(np.zeros((side, side, 3), np.uint8), ".png")).height_px == side
    for height, width in ((side - 1, side), (side, side - 1)):
        with pytest.raises(BadFrame) as caught:
            read(encode(np.zeros((height, width, 3), np.uint8), ".png"))
        assert caught.value.text == f"Expected at least 32×32 pixels, got {width}×{height}."


@pytest.mark.parametrize(
    ("size", "read_at"),
    [
        ((100, 50), (100, 50)),
        ((1600, 1200), (1600, 1200)),
        ((3000, 2002), (1600, 1068)),  # halves are rounded up
        ((3200, 1600), (1600, 800)),  # twice as long as high is not long yet
        ((3210, 1600), (1605, 800)),
        ((1600, 3210), (800, 1605)),
        ((20_000, 1000), (8000, 400)),
        ((20_000, 1), (8000, 1)),
    ],
)
def test_a_photograph_is_reduced_to_where_its_faces_are_still_found(size, read_at):
    assert reduced_size(*size) == read_at


@pytest.mark.parametrize(("filled", "is_enough"), [(25, True), (26, False), (100, False)])
def test_of_a_jpeg_without_its_end_a_quarter_may_be_missing(filled, is_enough):
    pixels = np.full((100, 40, 3), 128, np.uint8)
    pixels[: 100 - filled, 7] = 9
    if is_enough:
        check_rows(pixels)
    else:
        with pytest.raises(BadFrame, match="cut short"):
            check_rows(pixels)


def test_sixteen_bits_a_sample_are_divided_and_not_clipped():
    buffer = io.BytesIO()
    Image.fromarray(np.full((40, 40), 0x4321, np.uint16)).save(buffer, "PNG")
    assert (decode_photograph(buffer.getvalue()).pixels_bgr == 0x43).all()


def test_decoding_that_takes_too_long_is_given_up(astronaut_jpeg, monkeypatch):
    monkeypatch.setattr(frame, "MAX_DECODE_S", -1.0)
    with pytest.raises(BadFrame, match="takes longer than"):
        decode_photograph(astronaut_jpeg)


def test_a_png_that_unpacks_to_more_than_the_limit_is_refused(astronaut_bgr, monkeypatch):
    data = encode(astronaut_bgr, ".png")
    unpacked_bytes = pixels_only(data).unpacked_bytes
    monkeypatch.setattr(frame, "MAX_UNPACKED_BYTES", unpacked_bytes)
    assert decode_photograph(data).width_px == 320
    monkeypatch.setattr(frame, "MAX_UNPACKED_BYTES", unpacked_bytes - 1)
    with pytest.raises(TooLarge, match="when unpacked"):
        decode_photograph(data)


@pytest.mark.parametrize(("kind", "decoder"), [("JPEG", "_decode_photograph_pixels"), ("HEIC", "decode_heif")])
def test_photographs_are_decoded_one_at_a_time(astronaut_jpeg, monkeypatch, kind, decoder):
    running, most, moment = [], [], threading.Event()

    def slow(*_: object) -> np.ndarray:
        running.append(kind)
        most.append(len(running))
        moment.wait(0.05)  # never set: time for the other thread to come in between
        running.pop()
        return np.zeros((40, 40, 3), np.uint8)

    file = pixels_only(astronaut_jpeg)._replace(kind=kind)
    monkeypatch.setattr(frame, "pixels_only", lambda data: file)
    monkeypatch.setattr(frame, decoder, slow)
    threads = [threading.Thread(target=decode_photograph, args=(astronaut_jpeg,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most == [1, 1, 1]


def test_a_frame_that_is_none_is_refused_with_what_came():
    check_frame(np.zeros((MIN_SIDE_PX, MIN_SIDE_PX, 3), np.uint8))
    for wrong in (
        [[0]],
        np.zeros((64, 64), np.uint8),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros((64, 64, 3), np.float32),
        np.zeros((MIN_SIDE_PX - 1, 64, 3), np.uint8),
        np.zeros((64, MIN_SIDE_PX - 1, 3), np.uint8),
    ):
        came = f"shape {wrong.shape}, dtype {wrong.dtype}" if isinstance(wrong, np.ndarray) else "list"
        with pytest.raises(BadInput) as caught:
            check_frame(wrong)
        assert f"at least 32×32 pixels, got {came}." in str(caught.value)


def test_a_heic_photograph_is_checked_for_its_size_too(astronaut_jpeg, monkeypatch):
    file = pixels_only(astronaut_jpeg)._replace(kind="HEIC")
    monkeypatch.setattr(frame, "pixels_only", lambda data: file)
    monkeypatch.setattr(frame, "decode_heif", lambda *_: np.zeros((MIN_SIDE_PX - 1, 40, 3), np.uint8))
    with pytest.raises(BadFrame, match="at least 32×32"):
        decode_photograph(astronaut_jpeg)


def test_a_decoder_that_gives_nothing_or_fails_means_a_damaged_picture(astronaut_jpeg, monkeypatch):
    monkeypatch.setattr(frame.cv2, "imdecode", lambda *_: None)
    with pytest.raises(BadFrame, match="damaged or cut short"):
        decode(astronaut_jpeg)

    def fail(*_: object) -> None:
        raise frame.cv2.error("out of memory")

    monkeypatch.setattr(frame.cv2, "imdecode", fail)
    with pytest.raises(BadFrame, match="cannot be decoded"):
        decode(astronaut_jpeg)
