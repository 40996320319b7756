"""Arbitrary events and packets on /live: each is answered, or its connection is closed."""

from __future__ import annotations

import contextlib

import pytest
import websocket
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fuzzing import (
    TEST_TIMEOUT_S,
    often,
    values,
)
from tests.support.raw_websocket import RawListener
from tests.support.serving import Server

pytestmark = pytest.mark.timeout(TEST_TIMEOUT_S)

EVENTS = ("frame", "snap", "goal", "baseline", "group", "device", "resume", "feedback")


def test_arbitrary_events_are_answered(live, meter, astronaut_jpeg):
    @often
    @given(event=st.sampled_from(EVENTS), arguments=st.lists(values, max_size=3))
    def check(event, arguments):
        try:
            answer = meter.in_time(lambda: live.emit(event, *arguments, namespace="/live", callback=True))
        except ValueError as refused:  # the server disconnects
            if "attachment" not in str(refused):
                raise
            return
        problem = answer.get("problem")
        assert problem is None or problem["code"] != "server_fault", (event, arguments)

    check()
    assert live.emit("frame", 0, astronaut_jpeg, namespace="/live", callback=True)["faces"]


packets = st.one_of(
    st.text(max_size=60),
    st.binary(max_size=60),
    st.builds(
        "4{}{}{}{}{}".format,
        st.sampled_from(("", "0", "1", "2", "3", "4", "5", "6", "9")),
        st.sampled_from(("", "0-", "1-", "2-", "9999999999-", "99999999999-", "²-", "-1-")),
        st.sampled_from(("", "/live,", "/live", "/,", "/elsewhere,", "/live?x,")),
        st.sampled_from(("", "0", "7", "9" * 101, "²")),
        st.sampled_from(
            (
                *("", "[]", "{}", "null", "5", '"frame"', "[null]", "[5]", '["frame"', '["connect"]', '["disconnect"]'),
                *('["frame",7,{"_placeholder":true,"num":0}]', '["frame",7,{"_placeholder":true,"num":-2}]'),
                *('["snap",{"emotion":"sad"}]', '["feedback",{"_placeholder":true,"num":{}}]', "[" * 5000),
            )
        ),
    ),
)


def test_arbitrary_packets_are_survived(tmp_path, astronaut_jpeg):
    """Each listener is answered, or hung up; the others are served, and the log has no fault."""
    server = Server(tmp_path, SOCKET_RATE="100000000/minute").start()
    try:

        @often
        @given(sent=st.lists(packets, min_size=1, max_size=5))
        def check(sent):
            listener = RawListener(server.url)
            with contextlib.suppress(OSError, websocket.WebSocketException):  # hung up
                for one in sent:
                    listener.socket.send(
                        one, websocket.ABNF.OPCODE_TEXT if isinstance(one, str) else websocket.ABNF.OPCODE_BINARY
                    )
            listener.vanish()

        check()
        with server.listener() as listener:
            assert listener.call("frame", 0, astronaut_jpeg)["faces"]
        assert "Traceback" not in server.log()
        assert '"level": "error"' not in server.log()
    finally:
        server.kill()
