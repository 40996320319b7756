"""Augmentation: faces moved and degraded as by webcams, in batches on the faces' device.

In: (N, 48, 48) uint8 grey. Out: (N, 1, 48, 48) float32 as `prepare` gives. All random numbers come from the generator
that is passed in. Each degradation affects a share of the faces only, so that most of a batch stays close to the data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor
from torch.nn import functional

from feelharmonic.reading.expression import normalised

SIDE = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class DegradationShares:
    """How far faces are moved, and the share of them that each degradation affects (0..1)."""

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

    def scaled(self, factor: float) -> DegradationShares:
        """``factor`` (0..1) times the degraded shares; faces are moved as far as before."""
        return replace(self, **{name: getattr(self, name) * factor for name in DEGRADATIONS})


#: The fields that are shares of degraded faces.
DEGRADATIONS = ("light", "dark", "cover", "blur", "small", "noise", "jpeg")


def augmented(crops: Tensor, generator: Generator, shares: DegradationShares | None = None) -> Tensor:
    """(N, 48, 48) uint8 → (N, 1, 48, 48) float32 in -1..1, moved and degraded at random."""
    shares = shares or DegradationShares()
    draw = Random(crops.device, generator)
    x = crops[:, None].float() / 255  # (N, 1, 48, 48) 0..1
    x = _moved(x, draw, shares)
    for share, degrade in (
        (shares.light, _lit),
        (shares.dark, _dark),
        (shares.cover, _covered),
        (shares.blur, _blurred),
        (shares.small, _small),
        (shares.noise, _noisy),
        (shares.jpeg, _jpeg),
    ):
        affected = draw.uniform(len(x)).lt(share).nonzero()[:, 0]
        if len(affected):
            x[affected] = degrade(x[affected], draw).clamp(0, 1)
    return normalised((x.clamp(0, 1) * 255).round())


class Random:
    """Random numbers of one generator, on one device."""

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


def _moved(x: Tensor, draw: Random, shares: DegradationShares) -> Tensor:
    """Mirrored (half of them), tilted, zoomed, stretched and shifted; edges are replicated as `cut_crop` does."""
    n = len(x)
    angle = torch.deg2rad(draw.uniform(n, low=-shares.tilt_deg, high=shares.tilt_deg))
    zoom = 1 + draw.uniform(n, low=-shares.zoom, high=shares.zoom)
    stretch = 1 + draw.uniform(n, low=-shares.stretch, high=shares.stretch)
    mirror = draw.uniform(n).lt(0.5).float() * 2 - 1
    shift = draw.uniform(n, 2, low=-2 * shares.shift, high=2 * shares.shift)  # the grid is 2 wide
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


def _lit(x: Tensor, draw: Random) -> Tensor:
    """Gamma, contrast, brightness, and a slope of light across the face."""
    x = x.clamp(1e-3, 1) ** torch.exp(draw.each(x, -0.45, 0.45))
    x = (x - 0.5) * torch.exp(draw.each(x, -0.35, 0.3)) + 0.5 + draw.each(x, -0.15, 0.15)
    along = torch.linspace(-1, 1, SIDE, device=x.device)
    return x + draw.each(x, -0.15, 0.15) * along + draw.each(x, -0.1, 0.1) * along[:, None]


def _dark(x: Tensor, draw: Random) -> Tensor:
    return x * draw.each(x, 0.12, 0.5) + draw.normal(*x.shape) * draw.each(x, 0.005, 0.03)


def _covered(x: Tensor, draw: Random) -> Tensor:
    """A rectangle of up to half the face in one grey, as a hand, a scarf, hair or the picture's edge covers it."""
    share = draw.uniform(len(x), 2, low=0.15, high=0.75)
    start = draw.uniform(len(x), 2, low=-0.2, high=0.85)
    at = (torch.arange(SIDE, device=x.device) + 0.5) / SIDE
    inside = (at > start[..., None]) & (at < (start + share * (0.4 + 0.6 * draw.uniform(len(x), 1)))[..., None])
    mask = inside[:, 0, :, None] & inside[:, 1, None, :]  # (N, 48, 48)
    return torch.where(mask[:, None], draw.each(x, 0.0, 1.0), x)


def _blurred(x: Tensor, draw: Random) -> Tensor:
    sigma = draw.uniform(len(x), 1, low=0.5, high=1.8)
    reach = torch.arange(-3, 4, device=x.device)
    kernel = torch.exp(-((reach / sigma) ** 2) / 2)
    kernel = kernel / kernel.sum(1, keepdim=True)  # (N, 7)
    rows = functional.pad(x.transpose(0, 1), (3, 3, 3, 3), mode="replicate")  # (1, N, 54, 54): a group per face
    rows = functional.conv2d(rows, kernel[:, None, None, :], groups=len(x))
    return functional.conv2d(rows, kernel[:, None, :, None], groups=len(x)).transpose(0, 1)


def _small(x: Tensor, draw: Random) -> Tensor:
    """As if the face had been 14 to 36 pixels wide: one size for all affected faces of a batch."""
    side = 14 + int(draw.uniform(1).item() * 22)
    shrunk = functional.interpolate(x, (side, side), mode="area")
    return functional.interpolate(shrunk, (SIDE, SIDE), mode="bilinear", align_corners=False)


def _noisy(x: Tensor, draw: Random) -> Tensor:
    return x + draw.normal(*x.shape) * draw.each(x, 0.01, 0.06)


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


def _jpeg(x: Tensor, draw: Random) -> Tensor:
    """JPEG's rounding of the cosine coefficients of 8×8 blocks."""
    basis = _cosines(x.device)
    table = torch.tensor(JPEG_LUMINANCE, device=x.device, dtype=torch.float32)
    step = table * torch.exp(draw.uniform(len(x), 1, 1, 1, 1, low=-0.7, high=1.4))  # (N, 1, 1, 8, 8)
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
