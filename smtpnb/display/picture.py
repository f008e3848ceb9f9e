"""Drawings as SVG octets: boxes, lines and words, on an opaque light plate, the same octets each time.

Built as a tree and written by the standard library, so every text in it is escaped; `kit.picture` puts it into the page
as an image, where nothing in it can run or load.
"""

from typing import Final
from xml.etree import ElementTree as ET  # written here, never read

from smtpnb.text import visible

INK: Final = "#1b1b1b"
FAINT: Final = "#5f5f5f"
_PLATE: Final = "#ffffff"
_FONT: Final = "system-ui, 'DejaVu Sans', Arial, sans-serif"


class Picture:
    """A drawing under way; lengths are in pixels, from the upper left corner.

    Args:
        width: of the whole.
        height: of the whole.
    """

    def __init__(self, width: int, height: int) -> None:
        size = {"width": str(width), "height": str(height), "viewBox": f"0 0 {width} {height}"}
        self._root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size})
        self._add("rect", width=width, height=height, fill=_PLATE, rx=6)
        self._drawing = ET.SubElement(self._root, "g", {"font-family": _FONT})

    def box(self, x: float, y: float, width: float, height: float, *, fill: str = _PLATE, edge: str = INK) -> None:
        """A rectangle."""
        self._draw(
            "rect", x=x, y=y, width=max(width, 0), height=height, rx=min(7.0, height / 3), fill=fill, stroke=edge
        )

    def words(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: int = 13,
        anchor: str = "middle",
        fill: str = INK,
        bold: bool = False,
    ) -> None:
        """A line of text, its baseline at y."""
        weight = {"font-weight": "bold"} if bold else {}
        element = self._draw("text", x=x, y=y, fill=fill, **{"font-size": size, "text-anchor": anchor, **weight})
        element.text = visible(text)

    def line(self, x1: float, y1: float, x2: float, y2: float, *, stroke: str = INK, width: float = 1.0) -> None:
        """A straight line."""
        self._draw("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, **{"stroke-width": width})

    def arrow(self, points: tuple[float, ...], *, stroke: str = INK, width: float = 1.5) -> None:
        """An arrow: from a point to another, over one between them where there are three."""
        x, y, *rest = points
        bend, (end_x, end_y) = rest[:-2], rest[-2:]
        path = f"M {_number(x)} {_number(y)} " + ("Q" if bend else "L") + "".join(f" {_number(each)}" for each in rest)
        self._draw("path", d=path, fill="none", stroke=stroke, **{"stroke-width": width})
        from_x, from_y = (bend[-2], bend[-1]) if bend else (x, y)
        self._head(from_x, from_y, end_x, end_y, stroke)

    def octets(self) -> bytes:
        """The drawing as a file."""
        drawn: bytes = ET.tostring(self._root, encoding="utf-8")
        return drawn

    def _head(self, from_x: float, from_y: float, x: float, y: float, fill: str) -> None:
        length = ((x - from_x) ** 2 + (y - from_y) ** 2) ** 0.5 or 1.0
        along, across = ((x - from_x) / length, (y - from_y) / length), (-(y - from_y) / length, (x - from_x) / length)
        sides = [(x - 10 * along[0] + side * across[0], y - 10 * along[1] + side * across[1]) for side in (4.5, -4.5)]
        points = " ".join(f"{_number(each[0])},{_number(each[1])}" for each in ((x, y), *sides))
        self._draw("polygon", points=points, fill=fill)

    def _draw(self, tag: str, **attributes: object) -> ET.Element:
        return ET.SubElement(self._drawing, tag, {name: _value(value) for name, value in attributes.items()})

    def _add(self, tag: str, **attributes: object) -> None:
        ET.SubElement(self._root, tag, {name: _value(value) for name, value in attributes.items()})


def _value(value: object) -> str:
    return _number(value) if isinstance(value, int | float) else str(value)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
