"""Crops beside the one that was read: which of them are read again."""

from __future__ import annotations

from typing import Any

import numpy as np

from feelharmonic.params import Params
from feelharmonic.reading.browser_constants import constants_for_browser
from feelharmonic.reading.expression import has_changed


def unchanged(pixels: Any) -> dict:
    """Crops with more and more noise; ``pixels`` writes one."""
    chance = np.random.default_rng(12)
    before = chance.integers(60, 200, (48, 48), dtype=np.uint8)
    cases = []
    for spread in (0, 1, 2, 3, 4, 8):
        crop = np.uint8(np.clip(before + chance.normal(0, spread, before.shape).round(), 0, 255))
        for top in (0.6, 0.995):
            probabilities = [top, *[(1 - top) / 6] * 6]
            changed = has_changed(crop, before, probabilities)
            cases.append({"crop": pixels(crop), "probabilities": probabilities, "changed": changed})
    return {
        "constants": constants_for_browser(Params.load())["expression"],
        "before": pixels(before),
        "cases": cases,
    }
