"""What a webcam does to a face, in batches on whatever device the faces lie on.

In: (N, 48, 48) uint8 grey. Out: (N, 1, 48, 48) float32 as `prepare` gives. All chance comes from the generator that is
passed in. Every kind of harm strikes a share of the faces only, so most of each batch stays near the data's own look.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor
from torch.nn import functional

from feelharmonic.reading.expression import normalised

SIDE = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """How far faces are moved, and the share of them that each harm strikes (0..1)."""

    tilt_deg: float = 20.0
    zoom: float = 0.18
    shift: float = 0.10  # of the side
    stretch: float = 0.08
    light: float = 0.8
    dark: float = 0.08
    blur: float = 0.08
    small: float = 0.08
    noise: float = 0.10
    jpeg: float = 0.12
    cover: float = 0.20

    def gentler(self, harm: float) -> Strength:
        """As far moved, but each harm strikes ``harm`` (0..1) of the faces that it struck."""
        shares = {name: getattr(self, name) * harm for name in HARMS}
        return replace(self, **shares)


#: What spoils a picture, as against what moves it.
HARMS = ("light", "dark", "cover", "blur", "small", "noise", "jpeg")


def augmented(crops: Tensor, generator: Generator, strength: Strength | None = None) -> Tensor:
    """(N, 48, 48) uint8 → (N, 1, 48, 48) float32 in -1..1, moved, lit and harmed by chance."""
    strength = strength or Strength()
    chance = Chance(crops.device, generator)
    x = crops[:, None].float() / 255  # (N, 1, 48, 48) 0..1
    x = _moved(x, chance, strength)
    for share, harm in (
        (strength.light, _lit),
        (strength.dark, _dark),
        (strength.cover, _covered),
        (strength.blur, _blurred),
        (strength.small, _small),
        (strength.noise, _noisy),
        (strength.jpeg, _jpeg),
    ):
        struck = chance.uniform(len(x)).lt(share).nonzero()[:, 0]
        if len(struck):
            x[struck] = harm(x[struck], chance).clamp(0, 1)
    return normalised((x.clamp(0, 1) * 255).round())


class Chance:
    """Draws from one generator, on one device."""

    def __init__(self, device: torch.device, generator: Generator):
        self.device = device
        self.generator = generator

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        return low + (high - low) * torch.rand(*shape, device=self.device, generator=self.generator)

    def each(self, x: Tensor, low: float, high: float) -> Tensor:
        """One number per face, (N, 1, 1, 1)."""
        return self.uniform(len(x), 1, 1, 1, low=low, high=high)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, device=self.device, generator=self.generator)


def _moved(x: Tensor, chance: Chance, strength: Strength) -> Tensor:
    """Mirrored (half of them), tilted, zoomed, stretched and shifted; edges are replicated as `cut_crop` does."""
    n = len(x)
    angle = torch.deg2rad(chance.uniform(n, low=-strength.tilt_deg, high=strength.tilt_deg))
    zoom = 1 + chance.uniform(n, low=-strength.zoom, high=strength.zoom)
    stretch = 1 + chance.uniform(n, low=-strength.stretch, high=strength.stretch)
    mirror = chance.uniform(n).lt(0.5).float() * 2 - 1
    shift = chance.uniform(n, 2, low=-2 * strength.shift, high=2 * strength.shift)  # the grid is 2 wide
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    move = torch.stack(
        (
            torch.stack((mirror * cos * stretch, -sin, shift[:, 0]), 1),
            torch.stack((mirror * sin, cos / stretch, shift[:, 1]), 1),
        ),
        1,
    )  # (N, 2, 3)
    grid = functional.affine_grid(move, list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, padding_mode="border", align_corners=False)


def _lit(x: Tensor, chance: Chance) -> Tensor:
    """Gamma, contrast, brightness, and a slope of light across the face."""
    x = x.clamp(1e-3, 1) ** torch.exp(chance.each(x, -0.45, 0.45))
    x = (x - 0.5) * torch.exp(chance.each(x, -0.35, 0.3)) + 0.5 + chance.each(x, -0.15, 0.15)
    along = torch.linspace(-1, 1, SIDE, device=x.device)
    return x + chance.each(x, -0.15, 0.15) * along + chance.each(x, -0.1, 0.1) * along[:, None]


def _dark(x: Tensor, chance: Chance) -> Tensor:
    return x * chance.each(x, 0.12, 0.5) + chance.normal(*x.shape) * chance.each(x, 0.005, 0.03)


def _covered(x: Tensor, chance: Chance) -> Tensor:
    """A rectangle of up to half the face in one grey: a hand, a scarf, hair, the picture's edge."""
    share = chance.uniform(len(x), 2, low=0.15, high=0.75)
    start = chance.uniform(len(x), 2, low=-0.2, high=0.85)
    at = (torch.arange(SIDE, device=x.device) + 0.5) / SIDE
    inside = (at > start[..., None]) & (at < (start + share * (0.4 + 0.6 * chance.uniform(len(x), 1)))[..., None])
    mask = inside[:, 0, :, None] & inside[:, 1, None, :]  # (N, 48, 48)
    return torch.where(mask[:, None], chance.each(x, 0.0, 1.0), x)


def _blurred(x: Tensor, chance: Chance) -> Tensor:
    sigma = chance.uniform(len(x), 1, low=0.5, high=1.8)
    reach = torch.arange(-3, 4, device=x.device)
    kernel = torch.exp(-((reach / sigma) ** 2) / 2)
    kernel = kernel / kernel.sum(1, keepdim=True)  # (N, 7)
    rows = functional.pad(x.transpose(0, 1), (3, 3, 3, 3), mode="replicate")  # (1, N, 54, 54): a group per face
    rows = functional.conv2d(rows, kernel[:, None, None, :], groups=len(x))
    return functional.conv2d(rows, kernel[:, None, :, None], groups=len(x)).transpose(0, 1)


def _small(x: Tensor, chance: Chance) -> Tensor:
    """As if the face had been 14 to 36 pixels wide: one size for all the faces struck in a batch."""
    side = 14 + int(chance.uniform(1).item() * 22)
    shrunk = functional.interpolate(x, (side, side), mode="area")
    return functional.interpolate(shrunk, (SIDE, SIDE), mode="bilinear", align_corners=False)


def _noisy(x: Tensor, chance: Chance) -> Tensor:
    return x + chance.normal(*x.shape) * chance.each(x, 0.01, 0.06)


#: Quantisation of luminance: ITU-T T.81, table K.1.
JPEG_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


def _jpeg(x: Tensor, chance: Chance) -> Tensor:
    """What JPEG's rounding of 8×8 cosine coefficients leaves."""
    basis = _cosines(x.device)
    table = torch.tensor(JPEG_LUMINANCE, device=x.device, dtype=torch.float32)
    step = table * torch.exp(chance.uniform(len(x), 1, 1, 1, 1, low=-0.7, high=1.4))  # (N, 1, 1, 8, 8)
    blocks = (x[:, 0] * 255 - 128).reshape(-1, 6, 8, 6, 8).transpose(2, 3)  # (N, 6, 6, 8, 8)
    coefficients = (basis @ blocks @ basis.T / step).round() * step
    back = (basis.T @ coefficients @ basis).transpose(2, 3).reshape(-1, 1, SIDE, SIDE)
    return (back + 128) / 255


def _cosines(device: torch.device) -> Tensor:
    """The orthonormal discrete cosine transform of eight samples, (8, 8)."""
    k = torch.arange(8, device=device, dtype=torch.float32)
    basis = torch.cos(torch.pi * (2 * k + 1) * k[:, None] / 16) / 2
    basis[0] /= 2**0.5
    return basis
