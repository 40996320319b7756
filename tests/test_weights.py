"""Each network has its card with its checksum, and its terms; the project's files keep the project's own rules."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
WEIGHTS = (PROJECT / "feelharmonic/reading/weights", PROJECT / "feelharmonic/music/weights")
LARGEST_BYTES = 6 * 1024 * 1024


@pytest.mark.parametrize(
    "path", sorted((*WEIGHTS[0].glob("*.onnx"), WEIGHTS[0] / "face_cover.npz")), ids=lambda path: path.name
)
def test_a_network_has_its_card_with_its_checksum(path):
    card = path.with_suffix(".md").read_text(encoding="utf-8")
    assert hashlib.sha256(path.read_bytes()).hexdigest() in card


@pytest.mark.parametrize(
    "path",
    [*WEIGHTS[0].glob("*.onnx"), WEIGHTS[0] / "face_cover.npz", *WEIGHTS[1].glob("*.json")],
    ids=lambda path: path.name,
)
def test_a_network_has_its_terms(path):
    assert path.name in (path.parent / "LICENSE").read_text(encoding="utf-8")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, timeout=20)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [PROJECT / name for name in listed.stdout.decode().split("\0") if name and (PROJECT / name).is_file()]


def test_no_file_is_larger_than_six_megabytes():
    assert [path.name for path in tracked() if path.stat().st_size > LARGEST_BYTES] == []


def test_no_registry_and_no_private_path_is_named_in_the_lock_file():
    text = (PROJECT / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in text
