"""Every message of the page that names a trouble has a test that makes exactly its cause.

The table says which. A message of one of the FAMILIES that is not in it fails here, as does a test that is no longer
there.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.support.samples import PROJECT

#: The messages that say what is wrong, by the beginnings of their keys.
FAMILIES = re.compile(
    r"(camera|picture|problem|connection|fault|face|player\.problem|account\.fault|reason)\."
    r"|photo\.(nobody|unread|no-picture|damaged|no-avif|no-heic|refused)$"
    r"|device\.(slow|failed|full|offline)$|watch\.(lost|ended|nothing)$|playlist\.(empty|refused)$"
    r"|tracks\.(none|offline|starter|full|failed)$|rest\.failed$|snap\.early$|page\.noscript$"
)

CAMERAS = "tests/browser/test_cameras.py"
PAGE = "tests/browser/test_page.py"
PHOTO = "tests/browser/test_photo.py"
QUALITY = "tests/reading/pictures/test_picture_quality.py"
FALLBACK = "tests/music/test_fallback.py"
FAULTS = "tests/music/providers/test_spotify_faults.py"
LIVE = "tests/e2e/test_live.py"
ACCOUNT = "tests/web/test_account.py"
ACCOUNT_TEXTS = "tests/js/music/spotify-account.test.js"
EMBED = "tests/js/player/embed-playback.test.js"

#: By key: the file, and the beginning of the test's name there, or what it expects to be said.
CAUSES = {
    "camera.insecure": (PAGE, "test_a_page_that_is_not_secure_says_so"),
    "camera.unsupported": (CAMERAS, "test_a_browser_without_cameras_is_told"),
    "camera.refused": (PAGE, "test_a_camera_refused_by_the_browser_itself_is_told"),
    "camera.none": (PAGE, "test_without_a_camera_the_page_says_why"),
    "camera.in-use": (CAMERAS, "test_what_is_wrong_with_a_camera_is_told"),
    "camera.inactive": (CAMERAS, "test_what_is_wrong_with_a_camera_is_told"),
    "camera.unknown": (CAMERAS, "test_what_is_wrong_with_a_camera_is_told"),
    "camera.waiting": (CAMERAS, "test_a_wait_that_goes_on_is_told_within_ten_seconds"),
    "camera.no-picture": (CAMERAS, "test_a_wait_that_goes_on_is_told_within_ten_seconds"),
    "camera.too-small": (CAMERAS, "test_what_is_wrong_with_a_camera_is_told"),
    "camera.muted": (CAMERAS, "test_a_camera_that_the_system_pauses_is_told"),
    "camera.lost": (PAGE, "test_a_camera_that_goes_away_is_told"),
    "connection.lost": (PAGE, "test_the_page_recovers_by_itself_when_the_server_comes_back"),
    "connection.leaving": (PAGE, "test_the_page_recovers_by_itself_when_the_server_comes_back"),
    "connection.crowded": ("tests/browser/test_connection.py", "test_a_full_server_is_asked_again_after_its_wait"),
    "connection.unreachable": ("tests/browser/test_connection.py", "test_a_proxy_that_blocks_websockets_is_named"),
    "face.gone": (PAGE, "test_nobody_in_view_keeps_the_mood_and_says_so"),
    "face.none": (CAMERAS, "test_a_wall_shows_no_face_and_no_mood_to_snap"),
    "face.upper-hidden": ("tests/reading/faces/test_face_cover.py", "test_a_hidden_half_is_named"),
    "face.lower-hidden": ("tests/reading/faces/test_face_cover.py", "test_a_hidden_half_is_named"),
    "picture.black": (QUALITY, "test_a_black_picture_is_a_closed_shutter"),
    "picture.too_dark": (QUALITY, "test_light_that_shows_no_face_is_said"),
    "picture.too_bright": (QUALITY, "test_a_window_that_outshines_half_of_the_picture_is_said"),
    "picture.covered": (QUALITY, "test_a_covered_camera_is_said_only_where_no_face_is_found"),
    "picture.frozen": (QUALITY, "test_the_same_picture_for_three_seconds_is_frozen"),
    "picture.face_too_far": (QUALITY, "test_a_face_too_far_or_cut_off_is_said"),
    "picture.face_cut_off": (QUALITY, "test_a_face_too_far_or_cut_off_is_said"),
    "problem.bad_frame": (LIVE, "test_a_bad_frame_gets_its_problem"),
    "problem.too_large": ("tests/reading/pictures/test_frame.py", "test_too_many_pixels_are_refused_before_decoding"),
    "problem.too_small": ("tests/reading/pictures/test_frame.py", "test_a_flat_camera_is_told_by_a_code_of_its_own"),
    "problem.busy": (LIVE, "test_every_frame_of_a_flood_is_answered"),
    "problem.full": (LIVE, "test_a_listener_without_a_place_is_notified_and_admitted_later"),
    "problem.no_mood": (LIVE, "test_a_snap_without_a_mood_says_so"),
    "problem.bad_request": (LIVE, "test_wrong_events_are_explained_and_survived"),
    "problem.server_fault": (LIVE, "test_a_handler_that_raises_answers_server_fault"),
    "problem.page": (CAMERAS, "test_a_fault_of_the_page_itself_is_told"),
    "fault.busy": (PHOTO, "test_a_full_server_is_told_in_the_pages_language"),
    "fault.unreachable": ("tests/js/lib/request-fault.test.js", "a full server and too many requests"),
    "fault.server": ("tests/js/lib/request-fault.test.js", "a full server and too many requests"),
    "photo.nobody": (PHOTO, "test_a_jpeg_without_its_end_is_read"),
    "photo.unread": ("tests/reading/test_pipeline.py", "test_"),
    "photo.no-picture": (PHOTO, "test_why_a_picture_is_not_read_is_told"),
    "photo.damaged": (PHOTO, "test_why_a_picture_is_not_read_is_told"),
    "photo.no-avif": (PHOTO, "test_why_a_picture_is_not_read_is_told"),
    "photo.no-heic": (PHOTO, "test_why_a_picture_is_not_read_is_told"),
    "photo.refused": ("tests/js/lib/request-fault.test.js", "on an English page the server's words"),
    "device.slow": ("tests/browser/test_device.py", "test_a_browser_that_is_too_slow_says_so"),
    "device.failed": ("tests/browser/test_device.py", "test_a_network_or_runtime_that_is_not_the_one_meant"),
    "device.full": ("tests/browser/test_device.py", "test_a_full_server_turns_nobody_away"),
    "device.offline": ("tests/browser/test_device.py", "test_without_a_network_the_page_reads_here"),
    "watch.lost": ("tests/web/test_server_camera.py", "test_the_mood_ends_where_a_stream_stalls"),
    "watch.ended": ("tests/web/test_server_camera.py", "test_a_file_begins_anew_or_ends_as_set"),
    "watch.nothing": ("tests/browser/test_server_camera.py", "test_without_a_camera_the_page_says_how"),
    "playlist.empty": ("tests/browser/test_playlist.py", "test_"),
    "playlist.refused": ("tests/js/lib/request-fault.test.js", "on an English page the server's words"),
    "tracks.none": ("tests/js/views/views.test.js", ""),
    "tracks.offline": ("tests/browser/test_device.py", "test_without_a_network_the_page_reads_here"),
    "tracks.starter": ("tests/browser/test_device.py", "test_without_a_network_the_page_reads_here"),
    "tracks.full": ("tests/browser/test_device.py", "test_a_full_server_turns_nobody_away"),
    "tracks.failed": (CAMERAS, "test_a_list_that_fails_is_told"),
    "rest.failed": (
        "tests/js/live/baseline-recorder.test.js",
        "before the three seconds are over there is no baseline",
    ),
    "snap.early": (CAMERAS, "test_a_wall_shows_no_face_and_no_mood_to_snap"),
    "page.noscript": (CAMERAS, "test_without_javascript_the_page_says"),
    "player.problem.gone": ("tests/browser/player/test_player.py", "test_a_track_that_is_gone_is_skipped_and_said"),
    "player.problem.unplayable": ("tests/js/player/audio-source.test.js", "a sound that is not there or of an unknown"),
    "player.problem.stalled": ("tests/js/player/audio-source.test.js", "a connection that breaks stalls the track"),
    "player.problem.refused": (EMBED, "a track that has loaded but stays paused was refused"),
    "player.problem.unanswered": (EMBED, "a track without any update fails after 8 s"),
    "player.problem.offline": ("tests/js/player/embed-messages.test.js", "offline a press says at once"),
    "player.problem.blocked": (PAGE, "test_where_spotify_cannot_be_reached"),
    "player.problem.device": ("tests/js/player/device-source.test.js", "a track that does not start on the device"),
    "player.problem.no_device": ("tests/browser/player/test_account.py", "test_a_listener_without_an_active_device"),
    "player.problem.premium_required": (ACCOUNT, "test_the_player_says_what_is_missing"),
    "player.problem.not_connected": (ACCOUNT, "test_a_consent_that_ran_out_disconnects"),
    "player.problem.stopped": ("tests/browser/player/test_player.py", "test_three_tracks_that_fail_stop_the_queue"),
    "account.fault.not_connected": (ACCOUNT, "test_without_a_connection_requests_are_refused"),
    "account.fault.forbidden": (ACCOUNT, "test_without_the_csrf_token_nothing_is_done"),
    "account.fault.premium_required": (ACCOUNT, "test_the_player_says_what_is_missing"),
    "account.fault.spotify_refused": (ACCOUNT, "test_spotifys_faults_become_problems"),
    "account.fault.not_available": (ACCOUNT, "test_without_a_client_id_nobody_can_connect"),
    "account.fault.no_device": (ACCOUNT_TEXTS, "a fault has its own text"),
    "account.fault.spotify_broken": (ACCOUNT, "test_spotifys_faults_become_problems"),
    "account.fault.spotify_busy": (ACCOUNT, "test_spotifys_faults_become_problems"),
    "account.fault.spotify_unreachable": (ACCOUNT, "test_nobody_waits_for_a_spotify_that_does_not_answer"),
    "account.fault.bad_request": (ACCOUNT, "test_what_cannot_be_done_is_refused_before_spotify_is_asked"),
    "account.fault.connections_away": ("tests/web/stores/test_expiring_store.py", "test_"),
    "account.fault.unreachable": (ACCOUNT_TEXTS, "an answer that is none, or none at all"),
    "reason.timeout": (FAULTS, "test_"),
    "reason.unreachable": (FAULTS, "test_"),
    "reason.pause": (FALLBACK, "test_"),
    "reason.spotify_pause": (FAULTS, "test_"),
    "reason.http_error": ("tests/music/providers/test_reccobeats.py", "test_"),
    "reason.spotify_http_error": (FAULTS, "test_"),
    "reason.unreadable_answer": ("tests/music/providers/test_reccobeats.py", "test_"),
    "reason.credentials_refused": (FAULTS, "test_"),
    "reason.key_refused": ("tests/music/providers/test_open_music.py", "test_"),
    "reason.quota_used_up": (FAULTS, "test_"),
    "reason.closed_to_app": (FALLBACK, "recommendations are closed to this app."),
    "reason.refused": (FAULTS, "test_"),
    "reason.out_of_order": (FALLBACK, "test_"),
    "reason.broken": (FALLBACK, "test_"),
    "reason.probing": (FALLBACK, "Spotify's search is being tried."),
    "reason.too_many_calls": (FALLBACK, "Spotify's search is busy."),
    "reason.no_time_left": (FALLBACK, "for lack of time."),
    "reason.too_few": (FALLBACK, "test_"),
    "reason.nothing_fits": (FALLBACK, "test_"),
}


def messages() -> list[str]:
    words = json.loads((PROJECT / "static/messages/en.json").read_text(encoding="utf-8"))
    return [key for key in words if FAMILIES.match(key)]


def test_every_message_that_names_a_trouble_is_in_the_table():
    assert sorted(set(messages()) - CAUSES.keys()) == []
    assert sorted(CAUSES.keys() - set(messages())) == []


@pytest.mark.parametrize("key", CAUSES)
def test_the_test_that_makes_its_cause_is_there(key):
    file, name = CAUSES[key]
    text = (PROJECT / file).read_text(encoding="utf-8")
    assert name in text, f"{key}: {file} has no test {name!r}"
    if name == "test_":  # a file of causes in a table: this one must be in it
        code = key.rpartition(".")[2]
        wanted = {"unread": "None", "empty": "Paste or choose", "connections_away": "away"}
        assert wanted.get(code, code) in text, f"{key}: {file} does not make {code!r}"
