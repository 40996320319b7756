"""What "Follow my mood" asks the server for: the mood's mixture, on from the place of the track that plays."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.browser.player.bar import expect_phase, play, press, queue_ids
from tests.browser.steps import DEADLINE_MS

#: The networks are loaded and compiled first.
LOADING_MS = 90_000

ON_THIS_DEVICE = "if (window === top && location.host) localStorage.setItem('feelharmonic.device', 'on');"


def wishes(sent: list[str]) -> list[dict]:
    """What the page asked for in its snaps, oldest first."""
    snaps = [text[text.index("[") :] for text in sent if isinstance(text, str) and '["snap",' in text]
    return [json.loads(text)[1] for text in snaps]


@pytest.mark.parametrize("init", ["", pytest.param(ON_THIS_DEVICE, marks=pytest.mark.full)], ids=["server", "device"])
def test_a_plan_carries_the_moods_mixture_and_leads_on_from_the_track_that_plays(visit, init):
    page = visit(embed={"length_ms": 600_000}, init=init)
    sent: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(data)))
    page.reload()
    page.get_by_role("button", name="Allow the camera").click()
    expect(page.locator("#mood-word")).to_have_text("Happy", timeout=LOADING_MS if init else DEADLINE_MS)
    page.get_by_role("switch", name="Follow my mood").check()
    expect(page.locator(".player-list > li").nth(4)).to_be_attached(timeout=DEADLINE_MS)
    first = wishes(sent)[-1]
    assert (first["emotion"], first["goal"], first["n"]) == ("happy", "match", 5)
    play(page)
    press(page, "Next song")
    expect_phase(page, "playing")
    expect(page.locator(".player-list > li")).to_have_count(7, timeout=DEADLINE_MS)
    assert len(queue_ids(page)) == 7
    last = wishes(sent)[-1]
    assert set(last["after"]) == {"valence", "energy"}
    assert len(last["probabilities"]) == 7
    assert max(last["probabilities"]) == last["probabilities"][3]
    assert not [data for data in sent if init and isinstance(data, bytes)]
