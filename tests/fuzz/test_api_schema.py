"""The API against its own description: schemathesis sends what it allows and what it does not.

Pictures are real ones of random size and format, some of them cut short; every check of schemathesis is on but for the
exclusions below.
"""

from __future__ import annotations

import io

import numpy as np
import pytest
import schemathesis
import schemathesis.specs.openapi.checks as CHECKS
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from PIL import Image

from feelharmonic.app import create_app
from feelharmonic.settings import Settings
from tests.support.fuzzing import CASES, TEST_TIMEOUT_S

EXAMPLES = CASES // 50


@st.composite
def pictures(draw: st.DrawFn) -> bytes:
    """JPEG, PNG or WebP bytes of noise, from one pixel to a few hundred; one in five is cut short."""
    width, height = draw(st.integers(1, 320)), draw(st.integers(1, 320))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    mode = draw(st.sampled_from(("L", "RGB", "RGBA", "CMYK")))
    kind = {"RGBA": ("PNG", "WEBP"), "CMYK": ("JPEG",)}.get(mode, ("JPEG", "PNG", "WEBP"))
    bands = len(Image.new(mode, (1, 1)).getbands())
    noise = chance.integers(0, 256, (height, width, bands), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise[:, :, 0] if bands == 1 else noise, mode).save(buffer, draw(st.sampled_from(kind)))
    data = buffer.getvalue()
    return data[: len(data) // 2] if draw(st.integers(0, 4)) == 0 else data


schemathesis.openapi.format("binary", pictures())

# A request counts as in flight until its answer is closed, and schemathesis closes none.
APP = create_app(Settings(requests_per_address=1_000_000, socket_rate="100000000/minute"))
SCHEMA = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", APP)


@pytest.mark.timeout(TEST_TIMEOUT_S)
@SCHEMA.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_described(case: schemathesis.Case) -> None:
    # A description says "a picture" or "numbers", but not "a whole picture", "a playlist" or "numbers that sum to 1":
    # what is cut short or empty or does not is rightly refused.
    told_by_content = case.path.endswith(("/expressions", "/playlists/sorted", "/moods", "/tracks"))
    excluded = [CHECKS.positive_data_acceptance] if told_by_content else None
    case.call_and_validate(excluded_checks=excluded)
