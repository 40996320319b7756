"""An unknown address and an unknown host name: a page for a person, a problem document for a program."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from feelharmonic.app import create_app
from feelharmonic.web.problems import problem_response

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
GERMAN = {**BROWSER, "Accept-Language": "de-AT,de;q=0.9"}


@pytest.fixture(scope="module")
def client():
    return create_app().test_client()


def test_an_unknown_address_gives_a_person_a_page_in_their_language(client):
    answer = client.get("/nowhere", headers=GERMAN)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert '<html lang="de">' in answer.text
    assert "Diese Seite gibt es nicht" in answer.text


@pytest.mark.parametrize(("path", "accept"), [("/nowhere", "*/*"), ("/nowhere", ""), ("/api/v1/nowhere", "text/html")])
def test_an_unknown_address_gives_a_program_a_problem_document(client, path, accept):
    answer = client.get(path, headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.get_json(force=True)["status"] == 404


@pytest.mark.parametrize(
    ("status", "said"), [(429, "Zu viele Anfragen"), (500, "Etwas ist schiefgegangen"), (409, "nicht geklappt")]
)
def test_any_error_gives_a_person_a_page_and_a_program_its_document(status, said):
    app = create_app()

    @app.get("/failing")
    def failing():
        if status == 500:
            raise RuntimeError("a fault that nobody expected")
        return problem_response(status, "busy", "Expected few requests, got many.", "Wait.", {"Retry-After": "7"})

    client = app.test_client()
    page = client.get("/failing", headers=GERMAN)
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert said in page.text
    document = client.get("/failing", headers={"Accept": "application/json"})
    assert document.status_code == status
    assert document.get_json(force=True)["status"] == status
    if status != 500:
        assert page.headers["Retry-After"] == document.headers["Retry-After"] == "7"


def test_an_unknown_host_gives_a_person_the_address_and_the_setting(client):
    answer = client.get("/", headers={"Host": "mood.example:8000", **GERMAN})
    assert (answer.status_code, answer.mimetype) == (421, "text/html")
    assert '<html lang="de">' in answer.text
    for said in ("mood.example", "http://localhost", "ALLOWED_HOSTS"):
        assert said in answer.text


def test_the_policy_of_that_page_allows_its_own_style_alone(client):
    answer = client.get("/", headers={"Host": "mood.example", **BROWSER})
    style = re.search("<style>(.*)</style>", answer.text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in answer.headers["Content-Security-Policy"]


def test_the_name_in_that_page_is_no_markup(client):
    answer = client.get("/", headers={"Host": "<script>alert(1)</script>", **BROWSER})
    assert answer.status_code == 421
    assert "<script" not in answer.text
