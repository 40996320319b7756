"""Camera effects on a scene: exposure, colour, noise, blur, JPEG."""

from __future__ import annotations

import cv2
import numpy as np

from training.face_finder.geometry import WIDTH, contrast

#: Standard deviation in grey levels of 255 below which people cannot see a face in the dark around it.
MIN_CONTRAST = 7.0


class Camera:
    """A webcam that photographs scenes of ``size`` (W, H) in random light."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int]):
        self.rng = rng
        self.size = size
        self._unit = size[0] / WIDTH

    def take(self, picture: np.ndarray, faces: list[np.ndarray]) -> np.ndarray:
        """``picture`` as the camera delivers it, in light in which people can still see every face."""
        for _ in range(6):
            made = self._exposed(picture)
            if all(contrast(made, points, self.size) >= MIN_CONTRAST for points in faces):
                return made
        return picture

    def _exposed(self, picture: np.ndarray) -> np.ndarray:
        rng = self.rng
        light = np.float32(picture) / 255
        if rng.random() < 0.5:
            light = light ** rng.uniform(0.6, 1.8)
        if rng.random() < 0.3:  # a lamp or a window at one side
            across = np.linspace(rng.uniform(0.2, 1.2), rng.uniform(0.2, 1.2), self.size[0], dtype=np.float32)
            light = light * across[None, :, None]
        if rng.random() < 0.12:  # back light: the whole scene washed out or the face in the dark
            light = light * rng.uniform(0.3, 0.7) + rng.uniform(0, 0.4)
        if rng.random() < 0.3:  # colour cast
            light = light * np.float32(rng.uniform(0.7, 1.2, 3))
        if rng.random() < 0.25:  # a dark room
            light = light * rng.uniform(0.15, 0.6)
            if rng.random() < 0.5:  # the camera turns its gain up, noise included
                light = light + self._noise(light.shape, rng.uniform(0.005, 0.04))
                light = light * rng.uniform(1.2, 2.5)
        if rng.random() < 0.12:
            light = np.repeat(light.mean(axis=2, keepdims=True), 3, axis=2)
        if rng.random() < 0.3:
            light = self._blurred(light)
        if rng.random() < 0.35:
            light = light + self._noise(light.shape, rng.uniform(0.005, 0.05))
        made = np.uint8(np.clip(light * 255, 0, 255))
        if rng.random() < 0.5:
            quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))]
            made = cv2.imdecode(cv2.imencode(".jpg", made, quality)[1], cv2.IMREAD_COLOR)
        return made

    def _noise(self, shape: tuple[int, ...], strength: float) -> np.ndarray:
        return self.rng.standard_normal(shape, np.float32) * np.float32(strength)

    def _blurred(self, light: np.ndarray) -> np.ndarray:
        if self.rng.random() < 0.6:
            return cv2.GaussianBlur(light, (0, 0), self.rng.uniform(0.4, 1.6) * self._unit)
        length = round(int(self.rng.integers(2, 7)) * self._unit)
        kernel = np.zeros((length, length), np.float32)
        if self.rng.random() < 0.5:
            kernel[length // 2] = 1 / length
        else:
            np.fill_diagonal(kernel, 1 / length)
        return cv2.filter2D(light, -1, kernel)
