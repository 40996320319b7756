"""`python -m benchmarks.browser`: reading on the server against reading in the browser, both in headless Chromium.

A fake camera shows a photograph of a face that moves a little, 30 frames a second. Latency is from the moment the
camera delivered the picture to the moment the page has shown the result. Server, browser and camera share this
machine's cores. Needs Chromium and the test requirements (`make test` installs them).
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Browser, Page, WebSocket, sync_playwright

from benchmarks.support.moving_face import moving_face
from benchmarks.support.quota import limited, renderers, used_s
from benchmarks.support.report import show, spread
from benchmarks.support.serving import launch_chromium, server

CAMERA_HZ = 30
TIMEOUT_MS = 120_000
#: The first seconds are slower: code is compiled, and the page is still finding its frame rate.
SETTLING_MS = 4000

#: Throttled, the page's processes are stopped for a part of so short a time that pages notice no pause.
THROTTLE_PERIOD_S = 0.02

#: Records when the camera delivered each picture, when the page took it from the video, and when its reply was handled.
#: One picture is in flight at a time.
WATCH = """
window.marks = { captured: [], taken: [], shown: [] };
const draw = CanvasRenderingContext2D.prototype.drawImage;
let captured = null;
function follow(video) {
  video.requestVideoFrameCallback((now, { captureTime }) => {
    captured = captureTime ?? now;
    follow(video);
  });
}
CanvasRenderingContext2D.prototype.drawImage = function (source, ...rest) {
  if (source instanceof HTMLVideoElement) {
    if (captured === null) follow(source);
    window.marks.taken.push(performance.now());
    window.marks.captured.push(captured ?? performance.now());
  }
  return draw.call(this, source, ...rest);
};
// After the page's own handlers.
const shown = () => setTimeout(() => window.marks.shown.push(performance.now()), 0);
let flying = false;
const RealWorker = window.Worker;
window.Worker = class extends RealWorker {
  constructor(...args) {
    super(...args);
    this.addEventListener("message", ({ data }) => data.result?.faces && shown());
  }
};
const RealSocket = window.WebSocket;
window.WebSocket = class extends RealSocket {
  constructor(...args) {
    super(...args);
    this.addEventListener("message", () => {
      if (flying) shown();
      flying = false;
    });
  }
  send(data) {
    flying ||= typeof data !== "string";
    super.send(data);
  }
};
"""


def video(folder: Path) -> Path:
    """A Y4M file, 640×480, one second of a face that moves by a few pixels."""
    path = folder / "face.y4m"
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W640 H480 F{CAMERA_HZ}:1 Ip A1:1 C420jpeg\n".encode())
        for picture in moving_face((640, 480), CAMERA_HZ, (5, 3)):
            file.write(b"FRAME\n" + cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes())
    return path


def measured(browser: Browser, url: str, *, on_device: bool, seconds: float, throttle: float) -> dict:
    """One visit: the row of the table for reading on the server or on the device; ``throttle``: see `main`."""
    context = browser.new_context()
    context.grant_permissions(["camera"], origin=url)
    page = context.new_page()
    page.add_init_script(WATCH)
    sent: list[bytes | str] = []
    page.on("websocket", lambda socket: note_sent(socket, sent))
    page.goto(url)
    if on_device:
        page.get_by_role("switch", name="Keep my pictures on this device").check()
        page.wait_for_function(
            "() => document.querySelector('#device-note').textContent.includes('No picture')", timeout=TIMEOUT_MS
        )
    page.get_by_role("button", name="Allow the camera").click()
    page.wait_for_function("() => document.querySelector('#mood-word').textContent === 'Happy'", timeout=TIMEOUT_MS)
    page.wait_for_timeout(SETTLING_MS)
    page.evaluate("window.marks = { captured: [], taken: [], shown: [] }")
    sent.clear()
    pids = renderers(os.getpid())
    before_s, began_s = used_s(pids), time.monotonic()
    with limited(pids, 1 / throttle, period_s=THROTTLE_PERIOD_S):
        page.wait_for_timeout(seconds * 1000)
    share = (used_s(pids) - before_s) / (time.monotonic() - began_s)
    latencies_ms = paired(page)
    pictures = [message for message in sent if isinstance(message, bytes)]
    row = {
        "read": "on the device" if on_device else "on the server",
        "frames/s": round(len(latencies_ms) / seconds, 1),
        **spread(latencies_ms),
        "picture bytes/s": round(sum(map(len, pictures)) / seconds),
        "share of a processor": round(share, 2),
        "other bytes/s": round(sum(len(message) for message in sent if isinstance(message, str)) / seconds),
    }
    context.close()
    return row


def note_sent(socket: WebSocket, sent: list[bytes | str]) -> None:
    socket.on("framesent", lambda payload: sent.append(payload))


def paired(page: Page) -> np.ndarray:
    """(N,) milliseconds: for each reply the time since the camera delivered its picture."""
    marks = page.evaluate("window.marks")
    taken, captured = np.array(marks["taken"]), np.array(marks["captured"])
    shown = np.array([at for at in marks["shown"] if len(taken) and at > taken[0]])
    return shown - captured[np.searchsorted(taken, shown) - 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20, help="measured for each row (default 20)")
    parser.add_argument("--rounds", type=int, default=2, help="visits with each reading, in turn (default 2)")
    parser.add_argument("--throttle", type=float, default=1.0, help="the page's processes so many times slower (1)")
    parser.add_argument("--on-device", action="store_true", help="reading on the device alone")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder, server() as url, sync_playwright() as playwright:
        camera = [
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={video(Path(folder))}",
        ]
        browser = launch_chromium(playwright, *camera)
        for _ in range(arguments.rounds):
            for on_device in (True,) if arguments.on_device else (False, True):
                options = {"seconds": arguments.seconds, "throttle": arguments.throttle}
                rows.append(measured(browser, url, on_device=on_device, **options))
        browser.close()
    show("Camera → mood shown, browser and server on this machine", rows, as_json=arguments.json)


if __name__ == "__main__":
    main()
