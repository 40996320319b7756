"""Every notebook runs, and what it derives is what the project ships."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

DERIVE = "derive_emotion_params.ipynb"


@pytest.fixture
def elsewhere(project, tmp_path, monkeypatch) -> Path:
    """A folder with a copy of the parameters, where a notebook can run without touching the project's."""
    monkeypatch.setenv("PYTHONPATH", str(project))
    monkeypatch.setenv("DATA_DIR", str((project / os.environ.get("DATA_DIR", "data")).resolve()))
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "emotion_params.json").write_bytes((project / "emotion_params.json").read_bytes())
    return tmp_path


def run(project: Path, name: str, folder: Path) -> None:
    notebook = nbformat.read(project / "notebooks" / name, as_version=4)
    resources = {"metadata": {"path": str(folder / "notebooks")}}
    nbclient.NotebookClient(notebook, timeout=100, resources=resources).execute()


@pytest.mark.full
@pytest.mark.timeout(180)
def test_targets_derived_anew_are_those_in_emotion_params(project, elsewhere):
    run(project, DERIVE, elsewhere)
    assert (elsewhere / "emotion_params.json").read_bytes() == (project / "emotion_params.json").read_bytes()


@pytest.mark.full
@pytest.mark.timeout(180)
def test_wrong_targets_are_put_right_and_all_else_is_kept(project, elsewhere):
    params = json.loads((elsewhere / "emotion_params.json").read_text(encoding="utf-8"))
    for emotion in params["emotions"].values():
        emotion["targets"] = {name: {"centre": 0.5, "spread": 0.25} for name in emotion["targets"]}
    text = json.dumps(params, indent=2, ensure_ascii=False) + "\n"
    (elsewhere / "emotion_params.json").write_text(text, encoding="utf-8")
    run(project, DERIVE, elsewhere)
    assert (elsewhere / "emotion_params.json").read_bytes() == (project / "emotion_params.json").read_bytes()


def test_the_notebook_is_stored_with_its_plots_and_without_paths(project):
    text = (project / "notebooks" / DERIVE).read_text(encoding="utf-8")
    assert text.count('"image/png"') >= 4
    assert str(project.parent) + "/" not in text


BASELINE = "derive_baseline_params.ipynb"


@pytest.mark.full
@pytest.mark.timeout(900)
def test_the_resting_faces_parameters_are_those_that_the_notebook_derives(project, data_dir, elsewhere):
    notebook = nbformat.read(project / "notebooks" / BASELINE, as_version=4)
    resources = {"metadata": {"path": str(elsewhere / "notebooks")}}
    nbclient.NotebookClient(notebook, timeout=800, resources=resources).execute()
    texts = [output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", ())]
    pairs = [text.removeprefix("derived: ").split(" · shipped: ") for text in texts if text.startswith("derived: ")]
    assert len(pairs) == 2
    assert all(float(derived) == float(shipped) for derived, shipped in pairs), pairs


def test_the_resting_faces_notebook_is_stored_with_its_plots_and_without_paths(project):
    text = (project / "notebooks" / BASELINE).read_text(encoding="utf-8")
    assert text.count('"image/png"') >= 5
    assert str(project.parent) + "/" not in text


@pytest.mark.timeout(180)
def test_places_and_sharpness_derived_anew_are_those_in_emotion_params(project, elsewhere):
    run(project, "felt_moods.ipynb", elsewhere)
    assert (elsewhere / "emotion_params.json").read_bytes() == (project / "emotion_params.json").read_bytes()
