"""The card of a reply: what came, what it means, what to try next (RFC 5321 §4.2).

What there is to say is in `protocol.explanation`, for text and HTML alike; here it is laid out. At first sight there
is what a beginner needs; the rest is folded away, and `explanation` unfolds it.
"""

from collections.abc import Iterator, Sequence

from smtpnb import options
from smtpnb.display import kit
from smtpnb.display.excerpt import excerpt
from smtpnb.knowledge import reply_codes
from smtpnb.protocol.explanation import END_OF_DATA, HINT, NEXT, Explanation, Note
from smtpnb.protocol.reply import SmtpReply
from smtpnb.text import plural


def reply_card(reply: SmtpReply) -> kit.Element:
    """A reply as a card, what is more than a glance folded away."""
    told = reply.explain()
    return _card(told, kit.folded(f"More about this {reply.code}", kit.facts(map(_fact, told.more))))


def explanation(reply: SmtpReply) -> kit.Element:
    """A reply as a card with everything unfolded, and the extensions of an EHLO reply besides."""
    return explanation_card(reply.explain())


def explanation_card(told: Explanation) -> kit.Element:
    """The same sentences as `Explanation.to_text`."""
    return _card(
        told,
        kit.folded(f"More about this {told.reply.code}", kit.facts(map(_fact, told.more)), is_open=True),
        told.offers and kit.folded("What it offers", kit.facts(map(_fact, told.offers)), is_open=True),
    )


def _card(told: Explanation, *folded: kit.Node) -> kit.Element:
    reply = told.reply
    tone = kit.TONES[reply.severity]
    return kit.card(
        tone,
        _heading(reply, tone),
        reply.command is not None and kit.speech("C", None, kit.said(reply.command), _gloss(reply.command)),
        list(server_lines(reply)),
        [_note(note, tone) for note in told.at_a_glance],
        folded,
    )


def _heading(reply: SmtpReply, tone: kit.Tone) -> kit.Element:
    severity = reply_codes.severity(reply.code)
    margin = [
        f"({severity.gloss})",
        kit.channel(secure=reply.secure),
        f"{reply.elapsed * 1000:.1f} ms" if options.show_timing else None,
    ]
    return kit.heading(
        kit.digits(reply.code, tone),
        " ",
        kit.glyph(tone),
        " ",
        kit.title(severity.name),
        " ",
        kit.muted(kit.joined(margin)),
    )


def _gloss(command: str) -> kit.Node:
    return kit.muted(END_OF_DATA) if command == "." else None


# -- the lines ---------------------------------------------------------------------------------------------------


def server_lines(reply: SmtpReply, most: int | None = None, characters: int | None = None) -> Iterator[kit.Element]:
    """The lines as they came, the first and the last of them where there are many.

    Args:
        reply: the reply.
        most: how many lines to show; `options.reply_lines` if None.
        characters: how many characters of each; `options.line_characters` if None.
    """
    shown = excerpt(len(reply.lines), options.reply_lines if most is None else most)
    yield from (_line(reply, position, characters) for position in shown.first)
    if shown.left_out:
        yield kit.section(kit.muted(f"… {plural(shown.left_out, 'more line')} …"))
    yield from (_line(reply, position, characters) for position in shown.last)


def _line(reply: SmtpReply, position: int, characters: int | None) -> kit.Element:
    return kit.speech("S", _separated(reply, position), kit.said(reply.lines[position], characters))


def _separated(reply: SmtpReply, position: int) -> kit.Node:
    """The code and the octet behind it, which is the whole framing: "-" for more, SP (or nothing) for the end."""
    if position < len(reply.lines) - 1:
        return f"{reply.code}-"
    begin = reply.raw.rfind(b"\r\n", 0, -2) + 2 if position else 0
    with_space = reply.raw[begin + 3 : begin + 4] == b" "
    space = kit.abbreviation("␣", "a space: this is the last line") if with_space else None
    return [str(reply.code), space]


# -- the notes ---------------------------------------------------------------------------------------------------


def _note(note: Note, tone: kit.Tone) -> kit.Node:
    """A note at a glance: a paragraph, or a tinted one for what to think and do."""
    if note.label == HINT:
        return kit.note(kit.INFO, note.label, [" ".join(note.sentences)])
    if note.label == NEXT:
        return kit.note(tone, note.label, note.sentences)
    return kit.section(kit.strong(_label(note), ":"), " ", _content(note.sentences, note))


def _fact(note: Note) -> tuple[kit.Node, kit.Node]:
    return [_label(note), ":"], _content(note.sentences, note)


def _label(note: Note) -> kit.Node:
    return kit.said(note.label, 100) if note.quoted else note.label


def _content(sentences: Sequence[str], note: Note) -> kit.Node:
    where = kit.link(note.reference)
    return [" ".join(sentences), where and kit.muted(" (", where, ")")]
