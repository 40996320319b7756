"""OpenCV's YuNet in place of our own face finder."""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np

from feelharmonic.errors import SetupFault
from feelharmonic.reading.messages import Face
from feelharmonic.reading.pictures.frame import check_frame

#: YuNet's own threshold, as its authors set it.
MIN_YUNET_SCORE = 0.6


class YuNetFinder:
    """A YuNet ONNX file that the user provides, run by OpenCV: for comparison, and for those who prefer it."""

    def __init__(self, detector: cv2.FaceDetectorYN):
        self._detector = detector
        self._lock = threading.Lock()  # the detector keeps its input size and buffers between calls

    @classmethod
    def load(cls, path: str) -> YuNetFinder:
        """The detector in the file ``path``. Raises SetupFault where it cannot be read."""
        if not Path(path).is_file():
            raise SetupFault([f"FACE_FINDER: expected 'own' or the path of a YuNet ONNX file, got {path!r}."])
        try:
            return cls(cv2.FaceDetectorYN.create(path, "", (320, 320), score_threshold=MIN_YUNET_SCORE))
        except cv2.error as exc:
            fault = f"FACE_FINDER: {path!r} is not a YuNet file that OpenCV {cv2.__version__} reads."
            raise SetupFault([fault]) from exc

    def find(self, frame_bgr: np.ndarray) -> list[Face]:
        """Faces in ``frame_bgr`` (H, W, 3) uint8, best score first. Raises BadInput for any other array."""
        check_frame(frame_bgr)
        with self._lock:
            self._detector.setInputSize((frame_bgr.shape[1], frame_bgr.shape[0]))
            _, rows = self._detector.detect(frame_bgr)
        faces = [_face(row) for row in rows] if rows is not None else []
        return sorted(faces, key=lambda face: -face.score)


def _face(row: np.ndarray) -> Face:
    """One of YuNet's rows: box, right eye, left eye, nose, right and left corner of the mouth (the person's own right,
    which is the left of the picture), score."""
    x, y, width, height = (float(value) for value in row[:4])
    return Face(box=(x, y, width, height), score=float(row[14]), landmarks=row[4:14].reshape(5, 2).astype(np.float32))
