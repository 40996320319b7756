"""What many tests start from: the project's folder, a WebSocket handshake's headers, encoded pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

PROJECT = Path(__file__).resolve().parents[2]

#: The headers with which a browser opens a WebSocket.
HANDSHAKE = {
    "Connection": "keep-alive, Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def encode(pixels_bgr: np.ndarray, suffix: str = ".jpg") -> bytes:
    """``pixels_bgr`` (H, W, 3) uint8 as a picture file of the kind that ``suffix`` names."""
    return cv2.imencode(suffix, pixels_bgr)[1].tobytes()
