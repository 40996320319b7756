"""`python -m benchmarks.browser`: reading on the server against reading in the browser, both in headless Chromium.

A fake camera shows a photograph of a face that moves a little, 30 frames a second. Latency is from the moment the
camera delivered the picture to the moment the page has shown what it says. Server, browser and camera share this
machine's cores. Needs Chromium and the test requirements (`make test` installs them).
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Browser, Page, WebSocket, sync_playwright

from benchmarks.report import show, spread
from benchmarks.serving import CHROMIUM, server

CAMERA_HZ = 30
DEADLINE_MS = 120_000
#: The first seconds are slower than all others: code is compiled, the pace is being found.
SETTLING_MS = 4000

#: Notes for each picture when the camera delivered it, when the page took it off the video, and when its reply has been
#: handled; one is under way at a time.
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
    """A Y4M file, 640×480, of the astronaut (NASA, public domain) who moves by a few pixels."""
    from skimage.data import astronaut

    still = np.ascontiguousarray(astronaut()[:384, :, ::-1])
    still = cv2.resize(still, (640, 480), interpolation=cv2.INTER_CUBIC)
    path = folder / "face.y4m"
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W640 H480 F{CAMERA_HZ}:1 Ip A1:1 C420jpeg\n".encode())
        for i in range(CAMERA_HZ):
            turn = 2 * np.pi * i / CAMERA_HZ
            move = np.float32([[1, 0, 5 * np.sin(turn)], [0, 1, 3 * np.cos(turn)]])
            picture = cv2.warpAffine(still, move, (640, 480), borderMode=cv2.BORDER_REFLECT)
            file.write(b"FRAME\n" + cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes())
    return path


def measured(browser: Browser, url: str, *, on_device: bool, seconds: float) -> dict:
    """One visit: the row of the table for the server's way or the device's."""
    context = browser.new_context()
    context.grant_permissions(["camera"], origin=url)
    page = context.new_page()
    page.add_init_script(WATCH)
    sent: list[bytes | str] = []
    page.on("websocket", lambda socket: note_sent(socket, sent))
    page.goto(url)
    if on_device:
        page.get_by_role("switch", name="Read my face on this device").check()
        page.wait_for_function(
            "() => document.querySelector('#device-note').textContent.includes('No picture')", timeout=DEADLINE_MS
        )
    page.get_by_role("button", name="Allow the camera").click()
    page.wait_for_function("() => document.querySelector('#mood-word').textContent === 'Happy'", timeout=DEADLINE_MS)
    page.wait_for_timeout(SETTLING_MS)
    page.evaluate("window.marks = { captured: [], taken: [], shown: [] }")
    sent.clear()
    page.wait_for_timeout(seconds * 1000)
    latencies_ms = paired(page)
    pictures = [message for message in sent if isinstance(message, bytes)]
    row = {
        "read": "on the device" if on_device else "on the server",
        "frames/s": round(len(latencies_ms) / seconds, 1),
        **spread(latencies_ms),
        "picture bytes/s": round(sum(map(len, pictures)) / seconds),
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
    parser.add_argument("--seconds", type=float, default=20, help="how long each way is measured (default 20)")
    parser.add_argument("--rounds", type=int, default=2, help="visits each way, in turn (default 2)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    rows = []
    with tempfile.TemporaryDirectory() as folder, server() as url, sync_playwright() as playwright:
        camera = [
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={video(Path(folder))}",
        ]
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu", *camera])
        for _ in range(arguments.rounds):
            rows += [measured(browser, url, on_device=way, seconds=arguments.seconds) for way in (False, True)]
        browser.close()
    show("Camera → mood shown, browser and server on this machine", rows, as_json=arguments.json)


if __name__ == "__main__":
    main()
