"""The data folder: --data, DATA_DIR or .env, and what is said where it is absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.data_dir import data_dir


def test_the_data_folder_is_the_one_given_else_the_environments_else_dotenvs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATA_DIR", raising=False)
    for name in ("given", "environment", "file", "data"):
        (tmp_path / name).mkdir()
    assert data_dir() == Path("data")
    (tmp_path / ".env").write_text("DATA_DIR=file\n")
    assert data_dir() == Path("file")
    monkeypatch.setenv("DATA_DIR", "environment")
    assert data_dir() == Path("environment")
    assert data_dir(Path("given")) == Path("given")


def test_an_absent_data_folder_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", "nowhere")
    with pytest.raises(SystemExit, match="Expected the data sets in nowhere, which does not exist"):
        data_dir()


def test_a_typo_in_dotenv_is_reported_and_the_servers_variables_are_not_checked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", ".")
    monkeypatch.setenv("PORT", "tcp://10.0.0.1:80")
    assert data_dir() == Path(".")
    (tmp_path / ".env").write_text("DATADIR=file\n")
    with pytest.raises(SystemExit, match="Did you mean 'DATA_DIR'"):
        data_dir()
