"""Pictures being received: as many as there is room for, and room again after each."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from feelharmonic.app import create_app
from feelharmonic.settings import Settings
from feelharmonic.web.api import openapi, uploads


class Arriving(io.BytesIO):
    """A body on its way: something happens before its first bytes come."""

    def __init__(self, data: bytes, meanwhile: Callable[[], None]):
        super().__init__(data)
        self._meanwhile = meanwhile

    def read(self, size: int | None = -1) -> bytes:
        meanwhile, self._meanwhile = self._meanwhile, lambda: None
        meanwhile()
        return super().read(size)


def posted(client, data: bytes):
    return client.post("/api/v1/expressions", data={"image": (io.BytesIO(data), "picture.jpg")})


@pytest.fixture
def one_at_a_time(monkeypatch):
    monkeypatch.setattr(openapi, "UploadLimiter", lambda: uploads.UploadLimiter(max_each=1))
    return create_app(Settings(providers=("catalogue",)))


def arriving(client, picture: bytes, meanwhile: Callable[[], None]):
    head = b"--edge\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\n"
    data = head + picture + b"\r\n--edge--\r\n"
    return client.post(
        "/api/v1/expressions",
        input_stream=Arriving(data, meanwhile),
        content_length=len(data),
        content_type="multipart/form-data; boundary=edge",
    )


def test_more_uploads_than_there_is_room_for_are_sent_back_unread(one_at_a_time, astronaut_jpeg):
    answers = []

    def another() -> None:
        answers.append(arriving(one_at_a_time.test_client(), astronaut_jpeg, lambda: pytest.fail("the body was read")))

    first = arriving(one_at_a_time.test_client(), astronaut_jpeg, another)
    assert len(first.get_json()["faces"]) == 1
    assert answers[0].status_code == 503
    document = answers[0].get_json()
    assert (document["code"], document["action"]) == ("busy", "Send it again in a moment.")
    # Flask-Limiter stretches it to the end of its minute.
    assert uploads.UPLOADS_RETRY_S <= int(answers[0].headers["Retry-After"]) <= 60


def test_an_upload_makes_room_however_it_ends(one_at_a_time, astronaut_jpeg):
    def cut() -> None:
        raise OSError("the line is dead")

    client = one_at_a_time.test_client()
    for _ in range(2):
        assert arriving(client, astronaut_jpeg, cut).status_code == 400
        assert posted(client, b"\xff" * (11 * 1024 * 1024)).status_code == 413
        assert posted(client, b"a letter").status_code == 422
    assert posted(client, astronaut_jpeg).status_code == 200
