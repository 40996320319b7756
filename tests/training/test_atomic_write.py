"""A file is replaced whole or not at all."""

from __future__ import annotations

import pytest

from training.atomic_write import replacing


def test_the_file_is_replaced_at_the_end(tmp_path):
    path = tmp_path / "new" / "file.txt"
    for text in ("first", "second"):
        with replacing(path) as part:
            part.write_text(text)
            assert not path.exists() or path.read_text() == "first"
        assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


def test_after_a_fault_the_previous_file_is_left_and_no_part(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("first")

    def killed_while_writing() -> None:
        with replacing(path) as part:
            part.write_text("second")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed_while_writing()
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]
