"""Under a path of a proxy, with TLS, the page works as at the root: the tests of the first hour run there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.external_servers import program
from tests.support.samples import PROJECT

#: From the first look to music, a photograph, a playlist, reading on the device, the page without a network.
FIRST_HOUR = (
    "tests/browser/test_page.py::test_from_the_notice_to_the_music_and_back",
    "tests/browser/test_page.py::test_each_mood_picked_by_hand_wears_its_colour_and_plays[Sad]",
    "tests/browser/test_photo.py::test_a_chosen_photograph_shows_its_faces_and_the_largest_gets_its_tracks",
    "tests/browser/test_playlist.py::test_a_pasted_playlist_is_sorted_and_the_unknown_are_listed",
    "tests/browser/test_device.py::test_on_this_device_the_face_is_read_and_no_picture_leaves_the_browser",
    "tests/browser/test_device.py::test_the_service_worker_keeps_the_page_under_its_path",
)
TIMEOUT_S = 900


@pytest.mark.full
@pytest.mark.timeout(TIMEOUT_S + 60)
def test_the_first_hour_works_under_a_path():
    program("nginx")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *FIRST_HOUR]
    environ = {**os.environ, "UNDER_PATH": "1"}
    ended = subprocess.run(
        command, cwd=PROJECT, env=environ, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert ended.returncode == 0, ended.stdout[-6000:]
    assert f"{len(FIRST_HOUR)} passed" in ended.stdout
