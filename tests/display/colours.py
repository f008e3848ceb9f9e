"""Colours as the tests need them: contrast by WCAG 2.2, simulated colour-blindness, distance."""

from itertools import combinations

Rgb = tuple[float, ...]

#: Machado, Oliveira, Fernandes: A Physiologically-based Model for Simulation of Color Vision Deficiency, IEEE TVCG
#: 15 (6), 2009: the matrices for severity 1.0, on linear RGB. The first is the identity: nobody's deficiency.
VISIONS: dict[str, tuple[Rgb, Rgb, Rgb]] = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
#: sRGB to XYZ, IEC 61966-2-1, and the white point D65.
_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
_WHITE = (0.95047, 1.0, 1.08883)


def channels(colour: str) -> Rgb:
    """`#rrggbb` as red, green and blue from 0 to 1."""
    return tuple(int(colour[position : position + 2], 16) / 255 for position in (1, 3, 5))


def linear(rgb: Rgb) -> Rgb:
    """Without the gamma of sRGB."""
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)


def luminance(rgb: Rgb) -> float:
    """WCAG's relative luminance."""
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear(rgb), strict=True))


def contrast(one: Rgb, other: Rgb) -> float:
    """WCAG's contrast ratio, from 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _times(matrix: tuple[Rgb, ...], vector: Rgb) -> Rgb:
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)


def _lab(rgb: Rgb) -> Rgb:
    """CIE L*a*b* of a linear colour."""
    x, y, z = (
        t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116
        for t in (c / white for c, white in zip(_times(_XYZ, rgb), _WHITE, strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: str, other: str, vision: str = "all") -> float:
    """ΔE of CIE 1976 between two colours as this vision has them; 2.3 is just noticeable."""
    seen = [
        tuple(min(1.0, max(0.0, c)) for c in _times(VISIONS[vision], linear(channels(colour))))
        for colour in (one, other)
    ]
    first, second = map(_lab, seen)
    return float(sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5)


def nearest(colours: list[str], vision: str) -> tuple[float, str, str]:
    """The two colours that this vision tells apart worst, behind their distance."""
    return min((distance(one, other, vision), one, other) for one, other in combinations(colours, 2))
