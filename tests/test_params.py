"""emotion_params.json is read whole or refused with every fault named."""

from __future__ import annotations

import json

import pytest

from feelharmonic.audio_features import FEATURES
from feelharmonic.emotions import EMOTIONS
from feelharmonic.errors import SetupFault
from feelharmonic.params import PARAMS_PATH, Params


@pytest.fixture
def document() -> dict:
    return json.loads(PARAMS_PATH.read_text(encoding="utf-8"))


def load(tmp_path, document) -> Params:
    path = tmp_path / "emotion_params.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return Params.load(path)


def faults(tmp_path, document) -> list[str]:
    with pytest.raises(SetupFault) as caught:
        load(tmp_path, document)
    return list(caught.value.faults)


def test_the_projects_own_file_is_whole():
    params = Params.load()
    assert tuple(params.emotions) == EMOTIONS
    for emotion in params.emotions.values():
        assert tuple(emotion.targets) == FEATURES
        assert emotion.genres
        assert emotion.search.words
    assert params.smoothing.leave < params.smoothing.enter


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SetupFault, match=r"nowhere.json: cannot be read \(No such file or directory\)\. Restore it"):
        Params.load(tmp_path / "nowhere.json")


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "nonsense", "null"])
def test_what_is_no_json_object_is_one_clear_fault(tmp_path, text):
    (fault,) = faults(tmp_path, text)
    assert fault.startswith("emotion_params.json: ")
    assert "is not valid JSON" in fault or "expected an object at the top, got" in fault


def test_every_fault_is_named_together(tmp_path, document):
    document["smoothing"]["window_s"] = "long"
    del document["emotions"]["fear"]
    document["emotions"]["happy"]["colour"]["light"] = "yellow"
    document["emotions"]["sad"]["targets"]["energy"]["centre"] = 7
    assert faults(tmp_path, document) == [
        "emotion_params.json: smoothing.window_s: expected a number from 0.05 to 30, got 'long'.",
        "emotion_params.json: emotions.fear: is missing.",
        "emotion_params.json: emotions.happy.colour.light: expected a colour like '#3366cc' (lower case), "
        "got 'yellow'.",
        "emotion_params.json: emotions.sad.targets.energy.centre: expected a number from 0 to 1, got 7.",
    ]


def test_an_unknown_key_gets_the_nearest_one(tmp_path, document):
    document["smoothing"]["widnow_s"] = document["smoothing"].pop("window_s")
    assert faults(tmp_path, document) == [
        "emotion_params.json: smoothing.window_s: is missing.",
        "emotion_params.json: smoothing.widnow_s: is not known. Did you mean 'window_s'?",
    ]


def change(document: dict, path: str, value: object) -> None:
    *parents, last = path.split(".")
    for key in parents:
        document = document[key]
    document[last] = value


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("version", 2, "version: expected 1, got 2."),
        ("smoothing", 5, "smoothing: expected an object, got a number."),
        ("smoothing.leave", 0.9, "smoothing.leave: must not be above enter"),
        ("smoothing.enter", float("nan"), "smoothing.enter: expected a number from 0 to 1, got nan."),
        ("smoothing.enter", True, "smoothing.enter: expected a number from 0 to 1, got True."),
        ("baseline.quantile", -1, "baseline.quantile: expected a number from 0 to 1, got -1."),
        ("emotions.happy.genres", [], "emotions.happy.genres: expected a list of at least one genre name, got []."),
        ("emotions.happy.search.words", [""], "happy.search.words: expected a list of at least one word, got ['']."),
        ("emotions.happy.search.years", [2029, 1980], "expected a first and a last year from 1900 to 2099, like"),
        ("emotions.happy.search.years", [1980.0, 2029], "happy.search.years: expected a first and a last year"),
        ("emotions.happy.search", [], "emotions.happy.search: expected an object, got a list."),
        ("emotions.happy.targets.tempo.spread", 0, "targets.tempo.spread: expected a number from 0.0001"),
        ("emotions.happy.targets.tempo", 120, "emotions.happy.targets.tempo: expected an object, got a number."),
        ("emotions", [], "emotions: expected an object, got a list."),
    ],
)
def test_each_wrong_value_is_explained(tmp_path, document, path, value, text):
    change(document, path, value)
    found = faults(tmp_path, document)
    assert any(text in fault for fault in found), found
