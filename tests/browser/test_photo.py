"""A photograph: chosen, dropped, pasted; its faces boxed, one picked, its tracks; by keyboard; in any light."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Page, expect

from tests.browser.steps import DEADLINE_MS, expect_tracks, player_ids
from tests.support.samples import PROJECT, encode

PICTURES = PROJECT / "tests/support/reports/pictures"

#: Hands a file to the page as a drop or a paste would.
GIVE = """([kind, name, type, data]) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, { type }));
    const event = kind === "drop"
      ? new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true })
      : new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true });
    document.body.dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def two_faces(tmp_path_factory, astronaut_bgr) -> Path:
    """The astronaut beside herself twice as large, as a PNG larger than what the page sends."""
    large = cv2.resize(astronaut_bgr, (1800, 1350), interpolation=cv2.INTER_CUBIC)
    small = cv2.resize(astronaut_bgr, (900, 675), interpolation=cv2.INTER_CUBIC)
    canvas = np.full((1350, 2700, 3), 90, np.uint8)
    canvas[:, :1800], canvas[300:975, 1800:] = large, small
    path = tmp_path_factory.mktemp("photo") / "two.png"
    cv2.imwrite(str(path), canvas)
    return path


def opened(visit, server, **options: object) -> Page:
    return visit(url=f"{server.url}/photo", grants=(), **options)


def expect_happy(page: Page, faces: int) -> None:
    expect(page.locator("#faces button")).to_have_count(faces, timeout=DEADLINE_MS)
    expect(page.locator("#mood-word")).to_have_text("Happy")
    expect_tracks(page)


def test_a_chosen_photograph_shows_its_faces_and_the_largest_gets_its_tracks(visit, server, two_faces, shoot):
    page = opened(visit, server)
    sent: list[int] = []
    page.on("request", lambda request: sent.append(len(request.post_data_buffer or b"")))
    page.locator("#file").set_input_files(two_faces)
    expect_happy(page, 2)
    boxes = page.locator("#faces button").evaluate_all("list => list.map((box) => box.offsetWidth)")
    assert boxes[0] > boxes[1]
    assert max(sent) < two_faces.stat().st_size  # made small before it was sent
    expect(page.locator("#mood-sure")).to_contain_text("Face 1 of 2")
    shoot(page, "photo-1440-light")


def test_its_list_can_be_judged_extended_and_shared_as_on_the_main_page(visit, server, two_faces):
    page = opened(visit, server, permissions=["clipboard-read", "clipboard-write"])
    page.locator("#file").set_input_files(two_faces)
    expect_happy(page, 2)
    ids = player_ids(page)
    page.locator("#cards .card").first.get_by_role("button", name="Not this").click()
    expect(page.locator("#cards > [data-id]")).to_have_count(len(ids), timeout=DEADLINE_MS)
    assert page.locator("#cards > li").first.get_attribute("data-id") not in ids
    page.locator("#cards .card").nth(1).get_by_role("button", name="More like this").click()
    expect(page.locator("#cards .why")).to_contain_text("like “", timeout=DEADLINE_MS)
    page.get_by_role("button", name="More tracks").click()
    page.wait_for_function("id => !document.querySelector(`#cards [data-id='${id}']`)", arg=ids[2], timeout=DEADLINE_MS)
    assert not set(player_ids(page)) & set(ids)
    page.get_by_role("button", name="Share this list").click()
    page.get_by_role("button", name="Copy as text").click()
    expect(page.locator("#notice")).to_contain_text("List copied as text")


def test_another_face_is_picked_by_its_box_and_by_keyboard(visit, server, two_faces):
    page = opened(visit, server)
    page.locator("#file").set_input_files(two_faces)
    expect_happy(page, 2)
    second = page.get_by_role("button", name="Face 2 of 2")
    expect(page.locator("#faces .number")).to_have_text(["1", "2"])
    looks = page.locator("#faces button").evaluate_all("all => all.map((box) => getComputedStyle(box).borderColor)")
    assert looks[0] != looks[1]  # which one is picked is seen
    second.click()
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#mood-sure")).to_contain_text("Face 2 of 2")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#mood-sure")).to_contain_text("Face 1 of 2")


@pytest.mark.parametrize("kind", ["drop", pytest.param("paste", marks=pytest.mark.full)])
def test_a_photograph_is_dropped_or_pasted(visit, server, astronaut_jpeg, kind):
    page = opened(visit, server)
    page.evaluate(GIVE, [kind, "a.jpg", "image/jpeg", base64.b64encode(astronaut_jpeg).decode()])
    expect_happy(page, 1)


def test_a_goal_asks_for_other_tracks(visit, server, astronaut_jpeg):
    page = opened(visit, server)
    page.locator("#file").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": astronaut_jpeg})
    expect_happy(page, 1)
    page.get_by_text("calm me").click()
    expect(page.locator("#tracks-title")).to_have_text("From happy to calmer", timeout=DEADLINE_MS)


def test_what_is_no_picture_is_told_and_the_next_one_is_read(visit, server, astronaut_jpeg, wall_jpeg):
    page = opened(visit, server)
    page.locator("#file").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"a letter"})
    expect(page.locator("#notice")).to_contain_text("That file is no JPEG, PNG, WebP", timeout=DEADLINE_MS)
    page.locator("#file").set_input_files({"name": "b.jpg", "mimeType": "image/jpeg", "buffer": wall_jpeg})
    expect(page.locator("#notice")).to_contain_text("No face found", timeout=DEADLINE_MS)
    page.get_by_role("button", name="Another photograph").click()
    expect(page.locator("#shown")).to_be_hidden()
    page.locator("#file").set_input_files({"name": "c.jpg", "mimeType": "image/jpeg", "buffer": astronaut_jpeg})
    expect_happy(page, 1)
    expect(page.locator("#notice")).to_be_hidden()


@pytest.mark.parametrize("name", ["arrow_up_exif6.jpg", "arrow_up_exif6.webp"])
def test_a_picture_stands_upright_whatever_its_format(visit, server, name):
    """A camera held sideways notes it in Exif: of WebP browsers ignore that."""
    page = opened(visit, server)
    page.locator("#file").set_input_files(PICTURES / name)
    expect(page.locator("#notice")).to_contain_text("No face found", timeout=DEADLINE_MS)
    shown = shown_picture(page)
    assert shown.shape[:2] == (240, 320)
    pil = Image.open(PICTURES / name)
    upright = np.asarray(ImageOps.exif_transpose(pil).convert("RGB"))[:, :, ::-1]
    assert np.abs(shown.astype(int) - upright).mean() < 12


@pytest.mark.parametrize("name", ["jpeg_without_end.jpg", "jpeg_last_12_bytes_gone.jpg"])
def test_a_jpeg_without_its_end_is_read(visit, server, name):
    page = opened(visit, server)
    page.locator("#file").set_input_files(PICTURES / name)
    expect(page.locator("#notice")).to_contain_text("No face found", timeout=DEADLINE_MS)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("half a photograph", "The picture is damaged or part of it is missing."),
        ("half a png", "The picture is damaged or part of it is missing."),
        ("heic", "This browser can’t open HEIC pictures. Save it as JPEG"),
        ("avif", "This browser can’t open AVIF pictures. Save it as JPEG"),
        ("gif", "That file is no JPEG, PNG, WebP, AVIF or HEIC picture."),
    ],
)
def test_why_a_picture_is_not_read_is_told(visit, server, astronaut_bgr, kind, said):
    media = (b"\0\0\0\x18ftyp", bytes(4), b"mif1" * 2 + b"rest")
    data = {
        "half a photograph": encode(astronaut_bgr, ".jpg")[: len(encode(astronaut_bgr, ".jpg")) // 2],
        "half a png": encode(astronaut_bgr, ".png")[:20_000],
        "heic": media[0] + b"heic" + media[1] + media[2],
        "avif": media[0] + b"avif" + media[1] + media[2],
        "gif": b"GIF89a" + bytes(40),
    }[kind]
    page = opened(visit, server)
    page.locator("#file").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": data})
    expect(page.locator("#notice")).to_contain_text(said, timeout=DEADLINE_MS)


def shown_picture(page: Page) -> np.ndarray:
    """(H, W, 3) uint8 BGR: the picture that the page shows, which is the one that it sent."""
    data = page.evaluate(
        """() => {
            const photo = document.getElementById("photo");
            const size = { width: photo.naturalWidth, height: photo.naturalHeight };
            const canvas = Object.assign(document.createElement("canvas"), size);
            canvas.getContext("2d").drawImage(photo, 0, 0);
            return canvas.toDataURL("image/png").split(",")[1];
        }"""
    )
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)


def test_a_full_server_is_told_in_the_pages_language(visit, server, astronaut_jpeg):
    page = opened(visit, server, locale="de-DE", tolerate=("503",))
    full = {"title": "Service Unavailable", "status": 503, "code": "full", "detail": "Connection limit (2) reached."}
    page.route("**/api/v1/expressions", lambda route: route.fulfill(status=503, json=full))
    page.locator("#file").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": astronaut_jpeg})
    expect(page.locator("#notice .text")).to_have_text(
        "Zu viele Anfragen. Warte einen Moment und versuche es noch einmal.", timeout=DEADLINE_MS
    )


@pytest.mark.full
@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), pytest.param(360, "light", marks=pytest.mark.full)])
def test_axe_finds_nothing_on_the_photographs_page(visit, server, check, two_faces, width, scheme, shoot):
    page = opened(visit, server, viewport={"width": width, "height": 900}, color_scheme=scheme)
    check(page, "photo, empty")
    shoot(page, f"photo-empty-{width}-{scheme}")
    page.locator("#file").set_input_files(two_faces)
    expect_happy(page, 2)
    check(page, "photo, read")
    shoot(page, f"photo-{width}-{scheme}")
