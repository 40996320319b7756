"""Requests that take as much work as every limit allows: the others are answered meanwhile."""

from __future__ import annotations

import threading
import time

import pytest
import requests

from tests.support.costly_pictures import PHOTOGRAPH_BYTES, scans
from tests.support.serving import Server

#: As the longest lines that are read allow; the opening brackets once cost a pattern quadratic time.
BRACKETS = {"text": "\n".join(["a – " + 990 * "("] * 600)}
#: Each is 18 letters when it is compared.
LIGATURES = {"text": "\n".join(["a – " + 60 * "ﷺ"] * 1900)}
SENDERS = 6
MAX_WAIT_S = 2.0
DEADLINE_S = 30


def longest_wait_s(server: Server, senders: list[threading.Thread]) -> float:
    """For the health check, while ``senders`` are at it."""
    longest_s, began_s = 0.0, time.monotonic()
    while any(sender.is_alive() for sender in senders) and time.monotonic() - began_s < DEADLINE_S:
        asked_s = time.monotonic()
        assert requests.get(f"{server.url}/healthz", timeout=DEADLINE_S).ok
        longest_s = max(longest_s, time.monotonic() - asked_s)
    return longest_s


@pytest.mark.parametrize(
    "body", [BRACKETS, pytest.param(LIGATURES, marks=pytest.mark.full)], ids=["brackets", "ligatures"]
)
def test_costly_playlists_hold_up_nobody_else(server, body):
    statuses = []

    def send() -> None:
        answer = requests.post(f"{server.url}/api/v1/playlists/sorted", json=body, timeout=DEADLINE_S)
        statuses.append(answer.status_code)

    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    assert longest_wait_s(server, senders) < MAX_WAIT_S
    for sender in senders:
        sender.join(DEADLINE_S)
    # On a busy machine some wait for too long in the queue.
    assert 200 in statuses
    assert set(statuses) <= {200, 429}
    assert "Traceback" not in server.log()


def test_a_body_with_thousands_of_faults_is_refused_and_delays_no_other_request(server):
    body = {"tracks": [{"id": 1, "tempo": "fast"}] * 1000}
    answers = []

    def send() -> None:
        answers.append(requests.post(f"{server.url}/api/v1/tracks/moods", json=body, timeout=DEADLINE_S))

    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    assert longest_wait_s(server, senders) < MAX_WAIT_S
    for sender in senders:
        sender.join(DEADLINE_S)
    assert {answer.status_code for answer in answers} == {422}
    assert answers[0].json()["code"] == "bad_request"
    assert "more." in answers[0].json()["detail"]


def test_costly_photographs_are_sent_back_before_they_hold_up_others(server, wall_jpeg):
    data, address = scans(320, PHOTOGRAPH_BYTES), f"{server.url}/api/v1/expressions"
    codes = []

    def send() -> None:
        answer = requests.post(address, files={"image": ("a.jpg", data)}, timeout=DEADLINE_S)
        codes.append(answer.json()["code"])

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    asked_s = time.monotonic()
    assert requests.post(address, files={"image": ("a.jpg", wall_jpeg)}, timeout=DEADLINE_S).ok
    assert time.monotonic() - asked_s < 2 * MAX_WAIT_S
    for sender in senders:
        sender.join(DEADLINE_S)
    assert codes == ["bad_frame"] * 4
