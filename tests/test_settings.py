"""Settings come from the environment and .env, all faults together; docs/hosting.md lists every one."""

from __future__ import annotations

from pathlib import Path

import pytest

from feelharmonic.errors import SetupFault
from feelharmonic.settings import NAMES, Settings


def faults(environ: dict, dotenv_path: Path | None = None) -> list[str]:
    with pytest.raises(SetupFault) as caught:
        Settings.load(environ, dotenv_path)
    return list(caught.value.faults)


def test_nothing_set_serves_this_machine_only():
    settings = Settings.load({}, None)
    assert (settings.host, settings.port, settings.async_mode) == ("127.0.0.1", 8000, "gevent")
    assert settings.providers == ("spotify-recommendations", "spotify-search", "catalogue")


def test_values_are_read_and_typed():
    settings = Settings.load({"PORT": " 8001 ", "PROVIDERS": "catalogue, reccobeats", "ASYNC_MODE": "threading"}, None)
    assert settings.port == 8001
    assert settings.providers == ("catalogue", "reccobeats")
    assert settings.async_mode == "threading"


def test_the_environment_wins_over_dotenv_unless_it_is_empty(tmp_path):
    path = tmp_path / ".env"
    path.write_text("PORT=9000\nHOST=0.0.0.0\n")
    settings = Settings.load({"PORT": "8001", "HOST": ""}, path)
    assert (settings.port, settings.host) == (8001, "0.0.0.0")


def test_all_faults_are_named_together():
    assert faults({"PORT": "eighty", "ASYNC_MODE": "geven"}) == [
        "PORT: expected a whole number from 1 to 65535, got 'eighty'.",
        "ASYNC_MODE: 'geven' is not known. Did you mean 'gevent'?",
    ]


@pytest.mark.parametrize("text", ["0", "65536", "-1", "8e3", "80.5", "٣"])
def test_a_port_must_be_a_port(text):
    assert faults({"PORT": text}) == [f"PORT: expected a whole number from 1 to 65535, got {text!r}."]


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("ALLOWED_ORIGINS", "example.org", "expected origins such as https://example.org"),
        ("ALLOWED_ORIGINS", "https://example.org/page", "expected origins such as https://example.org"),
        ("ALLOWED_HOSTS", "https://mood.example", "expected names such as mood.example, separated by commas, got"),
        ("ALLOWED_HOSTS", "mood.example:8000", "expected names such as mood.example"),
        ("ALLOWED_HOSTS", "*.mood.example", "expected names such as mood.example"),
        ("TRUSTED_PROXIES", "-1", "expected a whole number from 0 to 10, got '-1'."),
        ("HTTP_RATE", "often", "expected a number a second, minute or hour, such as 600/minute, got 'often'."),
        ("SOCKET_RATE", "0/minute", "expected a number a second, minute or hour"),
        ("REQUESTS_PER_ADDRESS", "0", "expected a whole number from 1 to 1000000, got '0'."),
        ("REDIS_URL", "http://:secret@host", "expected redis://…"),
        ("HTTPS", "maybe", "expected 1 or 0, got 'maybe'."),
    ],
)
def test_security_settings_are_checked(name, text, fault):
    (told,) = faults({name: text})
    assert told.startswith(f"{name}: {fault}")
    assert "secret" not in told


def test_security_settings_are_read_and_typed():
    environ = {"ALLOWED_ORIGINS": "https://a.example/, http://b.example:8080", "HTTPS": "yes", "TRUSTED_PROXIES": "2"}
    environ["ALLOWED_HOSTS"] = "Mood.example, music.example."
    settings = Settings.load({**environ, "REDIS_URL": "redis://:secret@localhost/0"}, None)
    assert settings.allowed_hosts == ("mood.example", "music.example")
    assert settings.allowed_origins == ("https://a.example", "http://b.example:8080")
    assert (settings.https, settings.trusted_proxies) == (True, 2)
    assert "secret" not in repr(settings)


@pytest.mark.parametrize("text", ["Germany", "D", "D1", "ÄÖ"])
def test_a_market_must_be_two_letters(text):
    assert faults({"SPOTIFY_MARKET": text}) == [
        f"SPOTIFY_MARKET: expected a country's two letters, such as US or DE, got {text!r}."
    ]


@pytest.mark.parametrize(
    "text",
    [
        "https://music.example/connect/callback",
        "http://127.0.0.1:8000/connect/callback",
        "http://[::1]/connect/callback",
    ],
)
def test_redirect_addresses_that_spotify_takes(text):
    assert Settings.load({"SPOTIFY_REDIRECT_URI": text}, None).spotify_redirect_uri == text


@pytest.mark.parametrize(
    "text",
    ["http://localhost:8000/connect/callback", "http://192.168.1.5:8000/connect/callback", "https://music.example/"],
)
def test_redirect_addresses_that_spotify_or_we_refuse(text):
    (fault,) = faults({"SPOTIFY_REDIRECT_URI": text})
    assert fault.startswith("SPOTIFY_REDIRECT_URI: expected https://…/connect/callback or http://127.0.0.1:PORT")
    assert fault.endswith(f"got {text!r}.")


def test_a_typo_in_dotenv_is_named(tmp_path):
    path = tmp_path / ".env"
    path.write_text("PROT=8001\n")
    assert faults({}, path) == [".env: PROT is not known. Did you mean 'PORT'?"]


def test_the_secret_does_not_show():
    settings = Settings.load({"SPOTIFY_CLIENT_SECRET": "hush-hush"}, None)
    assert settings.spotify_client_secret == "hush-hush"
    assert "hush-hush" not in repr(settings)


@pytest.mark.parametrize("name", NAMES)
def test_the_docs_list_every_setting(project, name):
    assert f"`{name}`" in (project / "docs" / "hosting.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_the_example_file_names_every_setting(project, name):
    lines = (project / ".env.example").read_text(encoding="utf-8").splitlines()
    assert any(line.lstrip("# ").startswith(f"{name}=") for line in lines)


def test_the_folder_of_a_user_that_is_not_there_is_refused():
    (fault,) = faults({"INSTANCE_DIR": "~nobody_here/instance"})
    assert fault == "INSTANCE_DIR: expected a folder, got '~nobody_here/instance': there is no such user."


def test_a_dotenv_of_another_encoding_is_refused(tmp_path):
    path = tmp_path / ".env"
    path.write_bytes("# für uns\nPORT=8001\n".encode("cp1252"))
    assert faults({}, path) == [".env: expected UTF-8, got another encoding. Save it as UTF-8."]
