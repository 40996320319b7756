"""Where what is no code lies: pages, scripts, parameters."""

from __future__ import annotations

from pathlib import Path

#: The folder that holds `static/`, `templates/` and `emotion_params.json`: the checkout.
ROOT = Path(__file__).resolve().parent.parent
