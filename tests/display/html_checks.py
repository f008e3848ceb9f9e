"""What every view's HTML has to be: well-formed, allow-listed, inert, readable without styles."""

import base64
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

import html5lib

from smtpnb.text import visible

#: Element → the attributes it may have, besides `style`. All of it survives JupyterLab's sanitizer.
ALLOWED: dict[str, set[str]] = {
    "a": {"href"}, "abbr": {"title"}, "bdi": set(), "caption": set(), "code": set(), "details": {"open"}, "div": set(),
    "img": {"alt", "src"}, "li": set(), "span": set(), "strong": set(), "summary": set(), "table": set(), "tbody": set(),
    "td": {"colspan"}, "th": {"scope"}, "thead": set(), "tr": set(), "ul": set(),
}  # fmt: skip
DRAWN = {"svg", "g", "rect", "line", "path", "polygon", "text"}
DRAWN_WITH = {
    "width", "height", "viewBox", "x", "y", "rx", "fill", "stroke", "stroke-width", "font-family", "font-size",
    "font-weight", "text-anchor", "d", "points", "x1", "x2", "y1", "y2",
}  # fmt: skip
TITLES = {"client", "server", "a space: this is the last line"}
_NUMBERS = {str(number) for number in range(1, 25)}
_VALUES = {"title": TITLES, "scope": {"row", "col"}, "colspan": _NUMBERS, "open": {""}}
_LINK = re.compile(r"https://www\.rfc-editor\.org/rfc/rfc\d+(#section-[\d.]+)?")
_STYLE = re.compile(r"[a-z-]+:[#%\w(),. -]+(;[a-z-]+:[#%\w(),. -]+)*")
_FORBIDDEN_STYLES = ("var(", "currentcolor", "gradient", "url", "expression", "position", "behavior", "import", "\\")


@lru_cache(maxsize=8)  # several checks look at the same view in a row, and to parse it is most of what they cost
def parsed(html: str) -> Element:
    """The tree of a fragment, to be read only; an HTML5 parse error is an error."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    tree = parser.parseFragment(html)
    assert isinstance(tree, Element)
    return tree


def text_of(html: str) -> str:
    """What is left with no markup at all."""
    return "".join(parsed(html).itertext())


def rows_of(html: str) -> list[str]:
    """The text of each row of the tables' bodies."""
    return ["".join(row.itertext()) for row in parsed(html).iterfind(".//tbody/tr")]


def check(html: str) -> None:
    """Raises AssertionError where anything is not allow-listed."""
    for element in parsed(html).iter():
        if element.tag != "DOCUMENT_FRAGMENT":
            assert isinstance(element.tag, str), "a comment"
            _check_element(element)
    text = text_of(html)
    assert visible(text) == text, "a hidden character"
    assert "<!--" not in html


def _check_element(element: Element) -> None:
    assert element.tag in ALLOWED, element.tag
    if element.tag == "img":
        _check_picture(element.attrib["src"], element.attrib["alt"])
    for name, value in element.attrib.items():
        if name == "style":
            _check_style(value)
        else:
            assert name in ALLOWED[element.tag], f"{element.tag} {name}"
            if name not in ("alt", "src"):
                assert _LINK.fullmatch(value) if name == "href" else value in _VALUES[name], f"{name}={value}"


def _check_style(style: str) -> None:
    assert _STYLE.fullmatch(style), style
    assert not any(word in style.lower() for word in _FORBIDDEN_STYLES), style
    rules = dict(rule.split(":") for rule in style.split(";"))
    background = rules.get("background", "none")
    if background != "none" and not background.startswith("rgba("):
        assert "color" in rules, f"a literal background without a literal text colour: {style}"


def _check_picture(source: str, sentence: str) -> None:
    """An image holds its own data: drawing elements only, no link, no handler; its text is a sentence of ours."""
    kind, _, data = source.partition(",")
    assert kind == "data:image/svg+xml;base64"
    root = ET.fromstring(base64.b64decode(data, validate=True))  # noqa: S314 - ours, a moment old
    for element in root.iter():
        assert element.tag.removeprefix("{http://www.w3.org/2000/svg}") in DRAWN, element.tag
        assert set(element.attrib) <= DRAWN_WITH, set(element.attrib) - DRAWN_WITH
        assert visible(element.text or "") == (element.text or "")
    assert re.fullmatch(r"[A-Z][\w “”:;,.()+-]*\.", sentence), sentence


def outside_code(html: str) -> str:
    """The text that is in no `code` element: where JupyterLab would typeset TeX."""
    return "".join(_outside_code(parsed(html)))


def _outside_code(element: Element) -> Iterator[str]:
    if element.tag != "code":
        yield element.text or ""
        for child in element:
            yield from _outside_code(child)
            yield child.tail or ""


#: What begins a line of its own, or a cell, in a page without any styles.
_BLOCKS = {"caption", "details", "div", "li", "summary", "table", "tbody", "td", "th", "thead", "tr", "ul"}


def glued(html: str) -> list[str]:
    """`end|start` of the words that only a border between elements keeps apart, where no block begins or ends.

    The boxes of a reply's digits are one word on purpose.
    """
    pieces = list(_pieces(parsed(html)))
    pairs = pairwise(pieces)
    return [
        f"{one.split()[-1]}|{other.split()[0]}"
        for one, other in pairs
        if one[-1:].isalnum() and other[:1].isalnum() and not (one.isdigit() and other.isdigit())
    ]


def _pieces(element: Element) -> Iterator[str]:
    """The runs of text in order, with a line end for each border of a block."""
    border = "\n" if element.tag in _BLOCKS else ""
    yield from filter(None, (border, element.text or ""))
    for child in element:
        yield from _pieces(child)
        yield from filter(None, (child.tail or "",))
    yield from filter(None, (border,))


def squeezed(text: str) -> str:
    """Text without spaces, and with the sign for a space taken for one: for comparing facts, not layout."""
    return re.sub(r"\s", "", text.replace("␣", ""))
