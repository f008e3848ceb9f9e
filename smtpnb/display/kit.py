"""The building blocks of every view, and the only module that makes markup.

What a front-end leaves of it differs, so each block is semantic HTML first: with no CSS at all it reads well, with
words separated by punctuation in the text and never by layout alone. Styles are inline; there is no script, id,
class, `<svg>` or `<style>`, since JupyterLab removes them from an untrusted notebook, and no `var(…)` or
`currentColor`, for the same reason; a picture is an `<img>` that holds its own data. A tint is `rgba()` under the
page's own text colour, so light and dark both work; a solid background comes with its own text colour. Colour is
never the only sign.

Untrusted text enters through `said` and `prose` alone: escaped by htpy, spelt out by `text.visible`, cut to length,
isolated from the text direction around it by `<bdi>`, and inside `<code>`, where JupyterLab sets no TeX. It is never
put into an attribute. Links lead to rfc-editor.org only, because `link` takes nothing but a `Reference`.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

import htpy as h

from smtpnb import options
from smtpnb.knowledge.rfc import Reference
from smtpnb.text import shortened, visible

Node: TypeAlias = h.Node
Element: TypeAlias = h.Element


class Tone(NamedTuple):
    """A colour and the glyph that says the same without colour.

    Attributes:
        colour: passes 4.5:1 under white text and 3:1 as a glyph on white and on near-black.
        glyph: the sign.
    """

    colour: str
    glyph: str


#: First digit of a reply code → its tone; the colours stay apart under simulated colour-blindness.
TONES: Final = {2: Tone("#0f8263", "✔"), 3: Tone("#1a73d1", "▶"), 4: Tone("#a8620a", "↻"), 5: Tone("#d02a5c", "✖")}
GOOD, INFO, BAD = TONES[2], TONES[3], TONES[5]

#: Backgrounds of numbered chips: 4.5:1 under white text, 3:1 on white and near-black; the number says the same.
CHIPS: Final = ("#1a73d1", "#666666", "#0f8263", "#a8620a", "#8a4fb5", "#d02a5c", "#0b7285")

_MUTED: Final = "opacity:0.78"
_EDGE: Final = "1px solid rgba(127,127,127,0.4)"
# Inherited by all the text inside: spaces stay as they were said, and a word breaks only where no line could hold it.
# Not `overflow-wrap:anywhere`, with which the columns of a table grow so narrow that ordinary words break.
_WRAP: Final = "white-space:pre-wrap;word-wrap:break-word"
# For what is no ordinary word, such as base64: it breaks anywhere, and a column may be narrower than it.
_BREAKING: Final = "word-break:break-all"
_CARD: Final = f"border:{_EDGE};border-radius:6px;padding:8px 14px;margin:6px 0;max-width:56em;line-height:1.5;{_WRAP}"
# JupyterLab gives code a grey plate, and cells a right alignment, a stripe and a margin of their own.
_CODE: Final = "background:none;padding:0"
_LINK: Final = "color:inherit;text-decoration:underline;white-space:nowrap"
_PROSE: Final = f"{_CODE};font-family:inherit;font-size:100%"  # an untrusted notebook drops `font:inherit`
_TABLE: Final = "border-collapse:collapse;margin:4px 0;border:none;table-layout:auto"
_CELL: Final = "text-align:left;vertical-align:top;padding:2px 12px 2px 0"
_NAME: Final = f"{_CELL};white-space:nowrap"
_EMPTY: Final = "padding:0"
_RIGHT: Final = _CELL.replace("left", "right")
_ROW: Final = "background:none"
_BOX: Final = "display:inline-block;min-width:1.2em;text-align:center;font-size:1.5em;line-height:1.35"
# ipywidgets sets lines 28 px apart and cuts what is too wide.
_FRAME: Final = "line-height:1.5;overflow-x:auto"
_NOTE: Final = "background:rgba(127,127,127,0.12);padding:4px 10px;margin:6px 0"


def render(element: Element) -> str:
    """The finished markup of a view, as plain text that no other template takes for safe."""
    return str.__str__(str(element))


def framed(element: Element) -> str:
    """The finished markup of a view, for the inside of a widget."""
    return render(h.div(style=_FRAME)[element])


# -- text --------------------------------------------------------------------------------------------------------


def said(text: str, limit: int | None = None) -> Element:
    """Untrusted text, as it was said, in monospace.

    Args:
        text: anything.
        limit: how many characters to show; `options.line_characters` if None.
    """
    return h.bdi[h.code(style=_CODE)[_shown(text, limit)]]


def prose(text: str, limit: int | None = None) -> Element:
    """A sentence that may quote untrusted text, in the page's own type; `limit` as in `said`."""
    return h.bdi[h.code(style=_PROSE)[_shown(text, limit)]]


def _shown(text: str, limit: int | None) -> list[Node]:
    # Cut first: `visible` makes up to nine characters of one.
    return list(_breakable(visible(shortened(text, options.line_characters if limit is None else limit))))


#: Longer than the longest words in use, and than most addresses; an 80-character host name is no ordinary word.
_LONG: Final = re.compile(r"(\S{40,})")


def _breakable(text: str) -> Iterator[Node]:
    """The text, where each run without a space that is no ordinary word may break to fit into a narrow column."""
    for position, part in enumerate(_LONG.split(text)):
        if part:
            yield h.span(style=_BREAKING)[part] if position % 2 else part


def literal(text: str) -> Element:
    """Our own text in monospace, such as a code or a verb."""
    return h.code(style=_CODE)[text]


def unbroken(words: str) -> Element:
    """Short words of ours, on one line however narrow the page."""
    return h.span(style="white-space:nowrap")[words]


def roomy(content: Node, characters: int) -> Element:
    """Content of a cell that shrinks to so many characters and no further, also where it is no ordinary word."""
    # In em: JupyterLab's sanitizer takes no ch. Most characters are narrower than this.
    return h.span(style=f"display:inline-block;min-width:{characters * 0.6:g}em")[content]


def muted(*content: Node) -> Element:
    """Something of lesser weight."""
    return h.span(style=_MUTED)[content]


def strong(*content: Node) -> Element:
    """Something of greater weight."""
    return h.strong[content]


def abbreviation(short: str, full: str) -> Element:
    """Our own short form, with the full one on hover and for screen readers."""
    return h.abbr(title=full, style="text-decoration:none")[short]


def link(reference: Reference | None) -> Node:
    """The RFC and section, linked; nothing where there is none."""
    return reference and h.a(href=reference.url, style=_LINK)[reference.text]


def joined(parts: Iterable[Node], separator: str = " · ") -> Element:
    """The parts that are there, with a separator in the text between them."""
    kept = [part for part in parts if part is not None and part != ""]
    return h.span[[[separator, part] if position else part for position, part in enumerate(kept)]]


def glyph(tone: Tone) -> Element:
    """The sign of a tone, in its colour."""
    return h.span(style=f"color:{tone.colour};font-weight:bold")[tone.glyph]


def channel(*, secure: bool) -> str:
    """Whether it was encrypted, by a sign and in words."""
    return "🔒 inside TLS" if secure else "○ cleartext"


# -- blocks ------------------------------------------------------------------------------------------------------


def card(tone: Tone, *sections: Node, wide: bool = False) -> Element:
    """A frame with a coloured edge around the sections; as wide as sentences read well, or as the page."""
    frame = _CARD.replace("max-width:56em;", "") if wide else _CARD
    return h.div(style=f"{frame};border-left:8px solid {tone.colour}")[sections]


def heading(*content: Node) -> Element:
    """The first line of a card."""
    return h.div(style="margin:2px 0 4px")[content]


def section(*content: Node) -> Element:
    """A paragraph of a card."""
    return h.div(style="margin:4px 0")[content]


def title(text: str) -> Element:
    """What a card is about, in a few words of ours."""
    return h.strong(style="font-size:1.15em")[text]


def note(tone: Tone, label: str, sentences: Sequence[Node]) -> Node:
    """A tinted paragraph `Label: …`, a list where there are several sentences, nothing where there are none."""
    if not sentences:
        return None
    content = sentences[0] if len(sentences) == 1 else h.ul(style="margin:0;padding-left:1.4em")[map(_item, sentences)]
    return h.div(style=f"{_NOTE};border-left:3px solid {tone.colour}")[h.strong[f"{label}:"], " ", content]


def _item(content: Node) -> Element:
    return h.li(style="margin:0")[content]


def folded(summary: Node, *content: Node, is_open: bool = False) -> Element:
    """A summary that opens to show the content."""
    return h.details(open=is_open, style="margin:0")[h.summary(style="cursor:pointer")[summary], content]


def digits(code: int, tone: Tone) -> Element:
    """The three digits of a reply code, each in a box, the first one filled."""
    edge = f"border:2px solid {tone.colour}"
    styles = (f"{_BOX};{edge};background:{tone.colour};color:#ffffff", *(f"{_BOX};{edge};border-left:none",) * 2)
    boxes = [h.span(style=style)[digit] for style, digit in zip(styles, f"{code:03d}", strict=True)]
    return h.code(style="background:none;padding:0;font-weight:bold;white-space:nowrap")[boxes]


def speech(speaker: str, frame: Node, *content: Node) -> Element:
    """A line of a dialogue, `C: …` or `S: …` as the RFCs write it; the frame is what stands before the text."""
    who = abbreviation(f"{speaker}:", {"C": "client", "S": "server"}[speaker])
    return h.div[h.code(style=f"{_CODE};{_MUTED}")[who, " ", frame], content]


def chip(number: int) -> Element:
    """A number on a coloured plate, as a legend has it; the brackets part it from its neighbours without styles."""
    colour = CHIPS[(number - 1) % len(CHIPS)]
    style = f"background:{colour};color:#ffffff;border-radius:8px;padding:0 7px;font-size:0.8em;font-weight:bold"
    return h.span(style=style)[f"({number})"]


def segment(text: Node, below: Node, number: int) -> Element:
    """A part of a line over its octets and its number; without styles the three follow each other."""
    colour = CHIPS[(number - 1) % len(CHIPS)]
    octets = f"display:block;font-size:0.72em;line-height:1.3;padding:2px 1px;{_MUTED}"
    # The spaces are inside the blocks: between them they would be lines of their own.
    return h.span(style="display:inline-block;vertical-align:top;text-align:center;max-width:22em;margin:0 1px 8px 0")[
        h.span(style=f"display:block;font-size:1.1em;padding:0 3px;border-bottom:4px solid {colour}")[text, " "],
        h.span(style=octets)[h.code(style=_CODE)[below], " "],
        chip(number),
        " ",
    ]


def picture(svg: bytes, sentence: str) -> Element:
    """An SVG picture as an image that holds its own data, with a sentence of ours that says what is in it."""
    data = base64.b64encode(svg).decode("ascii")
    style = "border-radius:6px;max-width:100%;margin:4px 0"  # the drawing has a light plate of its own
    return h.div[h.img(alt=sentence, src=f"data:image/svg+xml;base64,{data}", style=style)]


def page(name: str, content: Element) -> str:
    """A whole HTML document of one view, which loads nothing and runs nothing."""
    policy = {"http-equiv": "Content-Security-Policy", "content": _POLICY}
    ground = "background:Canvas;color:CanvasText;font-family:system-ui,sans-serif;margin:1.5em"
    document = h.html(lang="en")[
        h.head[
            h.meta(charset="utf-8"),
            h.meta(policy),
            h.meta(name="color-scheme", content="light dark"),
            h.meta(name="viewport", content="width=device-width"),
            h.title[name],
        ],
        h.body(style=ground)[h.main[h.h1(style="font-size:1.2em")[name], content]],
    ]
    return render(document) + "\n"


#: Nothing is loaded and nothing runs; the views' inline styles and pictures are all there is.
_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


# -- tables ------------------------------------------------------------------------------------------------------


def facts(rows: Iterable[tuple[Node, Node]]) -> Element:
    """A table of two columns: a name, and what there is to say."""
    return h.table(style=_TABLE)[h.tbody[(_fact(name, content) for name, content in rows)]]


def _fact(name: Node, content: Node) -> Element:
    return h.tr(style=_ROW)[h.th(scope="row", style=_NAME)[name], h.td(style=f"{_CELL};{_WRAP}")[content]]


def table(caption: Node, columns: Sequence[Node], rows: Iterable[Element]) -> Element:
    """A table with a caption and named columns; the rows come from `row` and `wide_row`."""
    head = h.tr(style=f"{_ROW};border-bottom:{_EDGE}")[(_column(name) for name in columns)]
    return h.table(style=_TABLE)[
        h.caption(style="caption-side:top;text-align:left;color:inherit;padding:2px 0 6px")[caption],
        h.thead(style="border:none")[head],
        h.tbody[rows],
    ]


def _column(name: Node) -> Element:
    # A column without a name has no header: an empty one would be read out as a header that says nothing.
    return h.th(scope="col", style=_NAME)[name] if name else h.td(style=_NAME)


def row(*cells: Node, tinted: bool = False, headed: bool = False, to_the_right: int | None = None) -> Element:
    """A row of a table.

    Args:
        cells: what is in each column.
        tinted: for what is encrypted; the words have to say so too.
        headed: the first cell names the row; the columns stay as wide as their longest word.
        to_the_right: the position of a cell whose text leans against the next one.
    """
    first = h.th(scope="row", style=_NAME)[cells[0]] if headed else h.td(style=_NAME)[cells[0]]
    wrap = "" if headed else f";{_WRAP}"
    rest = enumerate(cells[1:], 1)
    return h.tr(style=_tint(tinted=tinted))[
        first, (_cell(cell, (_RIGHT if position == to_the_right else _CELL) + wrap) for position, cell in rest)
    ]


def _cell(content: Node, style: str) -> Element:
    return h.td(style=style if content else _EMPTY)[content]


def wide_row(first: Node, content: Node, *, columns: int, tinted: bool = False) -> Element:
    """A row whose content goes across all columns but the first."""
    return h.tr(style=_tint(tinted=tinted))[
        h.td(style=_NAME)[first],
        h.td(colspan=str(columns - 1), style=f"{_CELL};border-top:{_EDGE};border-bottom:{_EDGE}")[content],
    ]


def _tint(*, tinted: bool) -> str:
    return "background:rgba(42,122,184,0.16)" if tinted else _ROW


def grid(rows: Sequence[tuple[Node, Sequence[tuple[Node, int]]]]) -> Element:
    """Cells with edges under each other, each row with a name and cells that go across some columns."""
    return h.table(style=_TABLE)[h.tbody[(_grid_row(name, cells) for name, cells in rows)]]


def _grid_row(name: Node, cells: Sequence[tuple[Node, int]]) -> Element:
    style = f"border:{_EDGE};text-align:center;padding:1px 4px"
    return h.tr(style=_ROW)[
        h.th(scope="row", style=f"{_NAME.replace('left', 'right')}")[name],
        (h.td(style=style, colspan=str(span) if span > 1 else None)[content] for content, span in cells),
    ]


def plate(content: Node, colour: str) -> Element:
    """Words of ours on a coloured plate."""
    style = f"display:block;background:{colour};color:#ffffff;font-weight:bold;padding:0 4px;white-space:nowrap"
    return h.span(style=style)[content, " "]


def marked(content: Node, *, differs: bool) -> Node:
    """A cell that differs, tinted; the words have to say so too."""
    return h.span(style="background:rgba(168,98,10,0.22)")[content] if differs else content


def steps(names: Sequence[str], here: int) -> Element:
    """States in a row with arrows between them, one of them marked as the present one in colour and in words."""
    parts = [_present(name) if position == here else h.span[name] for position, name in enumerate(names)]
    return h.div(style="margin:6px 0;line-height:2")[joined(parts, " → ")]


def _present(name: str) -> Element:
    style = f"background:{INFO.colour};color:#ffffff;border-radius:4px;padding:2px 8px"
    return h.strong(style=style)[f"▲ {name} (you are here)"]


# -- for tables that other libraries draw ------------------------------------------------------------------------


def inert(text: str) -> str:
    """Untrusted text as markup that is nothing but this text: for a library that takes markup."""
    return render(said(text, 300))
