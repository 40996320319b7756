"""The fallback: which provider is asked, which cools down and for how long, which served, and what is said of it."""

from __future__ import annotations

import logging
import random
import threading
import time

import pytest

from feelharmonic.errors import ProviderUnavailable
from feelharmonic.music.fallback import (
    BROKEN_COOLDOWN_S,
    BUDGET_S,
    LATE_COOLDOWN_S,
    MIN_BUDGET_S,
    ProviderFallback,
)
from feelharmonic.music.messages import TrackRequest
from feelharmonic.music.reasons import Reason
from feelharmonic.music.selection import Candidates
from tests.support.music_providers import REQUEST, TARGETS, THREE, TRACK, Clock, Local, Notes, Remote, until


def test_the_first_that_answers_serves_and_the_note_says_which():
    remote, local = Remote(), Local()
    served = ProviderFallback([remote, local]).ask(REQUEST)
    assert (served.provider, served.note, served.tracks) == ("spotify-search", "From Spotify's search.", (TRACK,))
    assert local.asked == 0


def test_one_provider_alone_needs_no_note():
    assert ProviderFallback([Local()]).ask(REQUEST).note == ""


def test_after_a_fault_the_next_serves_and_the_note_says_why():
    fault = ProviderUnavailable("spotify_pause", {"wait_s": 37}, cooldown_s=37)
    served = ProviderFallback([Remote(fault=fault), Local()]).ask(REQUEST)
    assert served.provider == "catalogue"
    assert served.note == "From the catalogue. Spotify's search rests for 37 s, as Spotify asks."


def test_a_provider_is_left_alone_exactly_as_long_as_it_asks():
    clock, remote = Clock(), Remote(fault=ProviderUnavailable("quota_used_up", cooldown_s=37))
    fallback = ProviderFallback([remote, Local()], clock=clock)
    fallback.ask(REQUEST)
    remote.fault = None
    clock.now_s += 36.9
    assert fallback.ask(REQUEST).provider == "catalogue"
    assert remote.asked == 1
    clock.now_s += 0.1
    assert fallback.ask(REQUEST).provider == "spotify-search"


def test_a_provider_that_is_gone_is_never_asked_again_and_logged_once(caplog):
    fault = ProviderUnavailable("closed_to_app", action="Nothing can be done.", cooldown_s=None)
    clock, remote = Clock(), Remote(fault=fault)
    fallback = ProviderFallback([remote, Local()], clock=clock)
    for _ in range(3):
        fallback.ask(REQUEST)
        clock.now_s += 1e7
    assert remote.asked == 1
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert lines == ["Spotify's search are closed to this app. Nothing can be done. Not asked again before a restart."]


def test_without_a_rest_it_is_asked_again_next_time():
    remote = Remote(fault=ProviderUnavailable("out_of_order"))
    fallback = ProviderFallback([remote, Local()])
    fallback.ask(REQUEST)
    fallback.ask(REQUEST)
    assert remote.asked == 2


def test_one_that_finds_nothing_lets_the_next_serve():
    served = ProviderFallback([Remote("spotify-search"), Local(tracks=())]).ask(REQUEST)
    assert served.provider == "spotify-search"
    empty = Remote("spotify-search")
    empty.given = []
    served = ProviderFallback([empty, Local()]).ask(REQUEST)
    assert served.note == "From the catalogue. Spotify's search has nothing that fits."


def test_one_that_finds_too_little_serves_only_where_nobody_has_more():
    request = TrackRequest(steps=(TARGETS,) * 4, chance=random.Random(1))
    served = ProviderFallback([Remote(), Local(tracks=THREE)]).ask(request)
    assert served.note == "From the catalogue. Spotify's search has too little that fits."
    served = ProviderFallback([Remote(), Local(tracks=())]).ask(request)
    assert (served.provider, served.tracks) == ("spotify-search", (TRACK,))
    assert served.note == "From Spotify's search. The catalogue has nothing that fits."


def test_late_calls_never_pile_up(monkeypatch):
    monkeypatch.setattr("feelharmonic.music.fallback.MAX_RUNNING", 3)
    clock, remote = Clock(), Remote()
    remote.gate = threading.Event()
    fallback = ProviderFallback([remote, Local()], budget_s=0.25, clock=clock)
    for _ in range(3 + 2):
        note = fallback.ask(REQUEST).note
        clock.now_s += LATE_COOLDOWN_S + 1
    assert remote.asked == 3
    assert note == "From the catalogue. Spotify's search is busy."
    remote.gate.set()
    until(lambda: fallback.ask(REQUEST).provider == "spotify-search")


def test_nobody_has_any():
    served = ProviderFallback([Local(tracks=())]).ask(REQUEST)
    assert (served.provider, served.tracks) == ("", ())
    assert served.note == "The catalogue has nothing that fits."
    assert served.reasons == (("catalogue", Reason("nothing_fits")),)


def test_a_slow_provider_costs_no_more_than_the_budget_and_then_rests():
    remote, local = Remote(), Local()
    remote.gate = threading.Event()
    fallback = ProviderFallback([remote, local], budget_s=0.3)
    started_s = time.monotonic()
    served = fallback.ask(REQUEST)
    assert time.monotonic() - started_s < 10  # not the gate's 20
    assert served.note == "From the catalogue. Spotify's search did not answer in time."
    fallback.ask(REQUEST)
    assert remote.asked == 1
    assert 0 < fallback.status()[0].rests_for_s <= LATE_COOLDOWN_S
    remote.gate.set()


def test_two_slow_providers_share_one_budget():
    slow = [Remote("spotify-recommendations"), Remote("spotify-search")]
    gate = slow[0].gate = slow[1].gate = threading.Event()
    served = ProviderFallback([*slow, Local()], budget_s=0.3).ask(REQUEST)
    assert served.provider == "catalogue"
    assert "Spotify's search was not asked, for lack of time." in served.note
    assert slow[1].asked == 0
    gate.set()


def test_a_remote_one_that_breaks_is_contained_a_local_one_is_not(caplog):
    fallback = ProviderFallback([Remote(fault=RuntimeError("a fault of ours")), Local()])
    assert fallback.ask(REQUEST).note == "From the catalogue. Spotify's search broke."
    assert "a fault of ours" in caplog.text
    assert fallback.status()[0].action == "The log has the reason."
    broken = Local()
    broken.candidates = None
    with pytest.raises(TypeError):
        ProviderFallback([broken]).ask(REQUEST)


def test_the_probe_tells_before_a_listener_asks():
    gone = Remote("spotify-recommendations", ProviderUnavailable("closed_to_app", cooldown_s=None))
    fallback = ProviderFallback([gone, Remote(), Local()])
    fallback.start()
    until(lambda: {status.state for status in fallback.status()} == {"off", "ready"})
    assert fallback.ask(REQUEST).note == "From Spotify's search. Spotify's recommendations are closed to this app."
    assert gone.asked == 0


def test_while_the_probe_runs_the_next_serves():
    remote = Remote()
    remote.gate = threading.Event()
    fallback = ProviderFallback([remote, Local()])
    fallback.start()
    fallback.start()  # the second does nothing
    assert fallback.ask(REQUEST).note == "From the catalogue. Spotify's search is being tried."
    remote.gate.set()
    until(lambda: fallback.status()[0].state == "ready")
    assert fallback.ask(REQUEST).provider == "spotify-search"


def test_status_tells_state_reason_and_count():
    clock = Clock()
    fault = ProviderUnavailable("spotify_pause", {"wait_s": 60}, action="Wait.", cooldown_s=60)
    fallback = ProviderFallback([Remote(fault=fault), Local()], clock=clock)
    fallback.ask(REQUEST)
    clock.now_s += 20
    search, catalogue = fallback.status()
    assert (search.state, search.reason, search.action, search.rests_for_s, search.served) == (
        "resting",
        "Spotify's search rests for 60 s, as Spotify asks.",
        "Wait.",
        40.0,
        0,
    )
    assert (catalogue.state, catalogue.reason, catalogue.rests_for_s, catalogue.served) == ("ready", "", None, 1)


@pytest.mark.parametrize(
    ("fault", "outcome", "rest_s"),
    [
        (None, "answered", None),
        (ProviderUnavailable("quota_used_up", cooldown_s=37), "unavailable", 37),
        (RuntimeError("a fault of ours"), "broken", BROKEN_COOLDOWN_S),
    ],
)
def test_the_observer_hears_how_each_call_and_probe_ended(fault, outcome, rest_s):
    notes = Notes()
    fallback = ProviderFallback([Remote(fault=fault), Local()], observer=notes)
    assert notes.rested == [("spotify-search", 0.0, False), ("catalogue", 0.0, False)]
    del notes.rested[:]
    fallback.ask(REQUEST)
    last = [] if fault is None else [("catalogue", "answered")]
    assert notes.calls == [("spotify-search", outcome), *last]
    assert notes.lists == ["spotify-search" if fault is None else "catalogue"]
    assert notes.rested == ([] if fault is None else [("spotify-search", rest_s, True)])
    probed = Notes()
    ProviderFallback([Remote(fault=fault), Local()], observer=probed).start()
    until(lambda: probed.calls == [("spotify-search", outcome)])


def test_the_observer_is_notified_of_late_calls_and_of_lists_without_a_provider():
    notes, remote, broken = Notes(), Remote(), Local("broken")
    remote.gate = threading.Event()
    fallback = ProviderFallback([remote, Local(tracks=())], budget_s=0.3, observer=notes)
    fallback.ask(REQUEST)
    assert notes.calls == [("spotify-search", "late"), ("catalogue", "empty")]
    assert notes.lists == ["none"]
    remote.gate.set()
    broken.candidates = None
    with pytest.raises(TypeError):
        ProviderFallback([broken], observer=notes).ask(REQUEST)
    assert notes.calls[-1] == ("broken", "broken")


def test_calls_that_fail_together_are_one_rest_and_a_later_fault_is_another():
    clock, notes = Clock(), Notes()
    remote = Remote(fault=ProviderUnavailable("quota_used_up", cooldown_s=37))
    remote.gate = threading.Event()
    fallback = ProviderFallback([remote, Local()], clock=clock, budget_s=20, observer=notes)
    together = [threading.Thread(target=fallback.ask, args=(REQUEST,)) for _ in range(3)]
    for thread in together:
        thread.start()
    until(lambda: remote.asked == 3)
    remote.gate.set()
    for thread in together:
        thread.join(20)
    clock.now_s += 38
    fallback.ask(REQUEST)
    assert [anew for name, rest_s, anew in notes.rested if rest_s == 37] == [True, False, False, True]


def asking(n: int) -> TrackRequest:
    return TrackRequest(steps=(TARGETS,) * n, chance=random.Random(1))


@pytest.mark.parametrize(("n", "provider"), [(2, "spotify-search"), (3, "catalogue")])
def test_half_of_what_is_asked_for_is_enough(n, provider):
    assert ProviderFallback([Remote(), Local(tracks=THREE)]).ask(asking(n)).provider == provider


def test_of_two_that_have_as_few_the_first_serves():
    served = ProviderFallback([Remote(), Local()]).ask(asking(4))
    assert served.provider == "spotify-search"
    assert served.reasons == (("catalogue", Reason("too_few")),)


@pytest.mark.parametrize(("used_s", "state"), [(0.4, "resting"), (0.5, "ready"), (0.6, "ready")])
def test_one_that_got_less_than_half_of_the_budget_is_not_blamed_for_being_late(used_s, state):
    clock = Clock()

    class Slow(Local):
        def candidates(self, request: TrackRequest) -> Candidates:
            clock.now_s += used_s
            return super().candidates(request)

    late = Remote()
    late.gate = threading.Event()
    fallback = ProviderFallback([Slow("first", tracks=()), late, Local()], budget_s=1.0, clock=clock)
    assert fallback.ask(REQUEST).reasons[1] == ("spotify-search", Reason("timeout"))
    assert fallback.status()[1].state == state
    late.gate.set()


@pytest.mark.parametrize(("used_s", "asked"), [(0.79, 1), (0.81, 0)])
def test_with_too_little_of_the_budget_left_no_remote_one_is_asked(used_s, asked):
    clock = Clock()

    class Slow(Local):
        def candidates(self, request: TrackRequest) -> Candidates:
            clock.now_s += used_s
            return super().candidates(request)

    remote = Remote()
    ProviderFallback([Slow("first", tracks=()), remote, Local()], budget_s=1.0, clock=clock).ask(REQUEST)
    assert remote.asked == asked


def test_the_budget_leaves_a_listener_time_for_the_catalogue():
    assert MIN_BUDGET_S < BUDGET_S < 3.0


def test_one_that_is_off_stays_off_when_a_call_that_began_before_fails_otherwise():
    remote = Remote()
    remote.gate = threading.Event()
    fallback = ProviderFallback([remote, Local()], budget_s=20)
    slow = threading.Thread(target=fallback.ask, args=(REQUEST,))
    slow.start()
    until(lambda: remote.asked == 1)
    gate, remote.gate = remote.gate, None
    remote.fault = ProviderUnavailable("closed_to_app", cooldown_s=None)
    fallback.ask(REQUEST)
    remote.fault = ProviderUnavailable("spotify_pause", {"wait_s": 1}, cooldown_s=1.0)
    gate.set()
    slow.join(20)
    status = fallback.status()[0]
    assert (status.state, status.why, status.rests_for_s) == ("off", Reason("closed_to_app"), None)


def test_after_its_cooldown_a_provider_is_ready_without_a_reason():
    clock = Clock()
    remote = Remote(fault=ProviderUnavailable("spotify_pause", {"wait_s": 37}, action="Wait.", cooldown_s=37.0))
    fallback = ProviderFallback([remote, Local()], clock=clock)
    fallback.ask(REQUEST)
    clock.now_s += 36.9
    assert fallback.status()[0].state == "resting"
    clock.now_s += 0.1
    status = fallback.status()[0]
    assert (status.state, status.reason, status.why, status.action, status.rests_for_s) == ("ready", "", None, "", None)


def test_served_lists_are_counted_and_a_list_of_one_provider_has_no_note():
    fallback = ProviderFallback([Local()])
    lists = [fallback.ask(REQUEST) for _ in range(2)]
    assert fallback.status()[0].served == 2
    assert [one.shown for one in lists] == [False, False]
    assert ProviderFallback([Local(), Local("other")]).ask(REQUEST).shown
    assert ProviderFallback([Local(tracks=())]).ask(REQUEST).shown


def test_the_log_says_how_long_it_is_left_alone(caplog):
    fault = ProviderUnavailable("spotify_pause", {"wait_s": 37}, cooldown_s=37.4)
    ProviderFallback([Remote(fault=fault), Local()]).ask(REQUEST)
    ProviderFallback([Remote(fault=ProviderUnavailable("out_of_order")), Local()]).ask(REQUEST)
    assert [record.getMessage() for record in caplog.records] == [
        "Spotify's search rests for 37 s, as Spotify asks. Left alone for 37 s.",
        "Spotify's search is out of order.",
    ]


def test_a_call_that_ended_is_no_longer_counted_as_running(monkeypatch):
    monkeypatch.setattr("feelharmonic.music.fallback.MAX_RUNNING", 1)
    fallback = ProviderFallback([Remote(), Local()])
    assert [fallback.ask(REQUEST).provider for _ in range(3)] == ["spotify-search"] * 3


def test_starting_twice_probes_once():
    class Counted(Remote):
        probes = 0

        def probe(self) -> None:
            self.probes += 1

    remote = Counted()
    fallback = ProviderFallback([remote, Local()])
    for _ in range(2):
        fallback.start()
        until(lambda: fallback.status()[0].state == "ready")
    assert remote.probes == 1


def test_one_at_hand_that_says_it_cannot_serve_lets_the_next_serve():
    class Empty(Local):
        def candidates(self, request: TrackRequest) -> Candidates:
            raise ProviderUnavailable("out_of_order")

    assert ProviderFallback([Empty("own"), Local()]).ask(REQUEST).provider == "catalogue"


def test_what_is_at_hand_is_asked_however_many_calls_are_running(monkeypatch):
    monkeypatch.setattr("feelharmonic.music.fallback.MAX_RUNNING", 0)
    assert ProviderFallback([Remote(), Local()]).ask(REQUEST).provider == "catalogue"


def test_a_call_that_fails_after_the_cooldown_of_another_begins_a_new_one():
    clock, notes, remote = Clock(), Notes(), Remote()
    remote.gate = threading.Event()
    fallback = ProviderFallback([remote, Local()], clock=clock, budget_s=20, observer=notes)
    slow = threading.Thread(target=fallback.ask, args=(REQUEST,))
    slow.start()
    until(lambda: remote.asked == 1)
    gate, remote.gate = remote.gate, None
    remote.fault = ProviderUnavailable("quota_used_up", cooldown_s=37)
    fallback.ask(REQUEST)
    clock.now_s += 38
    gate.set()
    slow.join(20)
    assert [is_new for _, rest_s, is_new in notes.rested if rest_s == 37] == [True, True]


@pytest.mark.parametrize(("cooldown_s", "is_new"), [(0.0, False), (37.0, True), (None, True)])
def test_the_observer_hears_of_a_new_cooldown_where_one_begins(cooldown_s, is_new):
    notes = Notes()
    fault = ProviderUnavailable("out_of_order", cooldown_s=cooldown_s)
    ProviderFallback([Remote(fault=fault), Local()], observer=notes).ask(REQUEST)
    assert notes.rested[-1] == ("spotify-search", cooldown_s, is_new)
