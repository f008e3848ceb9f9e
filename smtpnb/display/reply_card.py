"""The card of a reply: what came, what it means, what to try next (RFC 5321 §4.2)."""

from collections.abc import Iterator

from smtpnb import options
from smtpnb.display import kit
from smtpnb.display.excerpt import excerpt
from smtpnb.display.next_step import next_steps
from smtpnb.knowledge import enhanced_status, reply_codes
from smtpnb.protocol.reply import EnhancedStatus, SmtpReply
from smtpnb.text import plural


def reply_card(reply: SmtpReply) -> kit.Element:
    """A reply as a card, the digits folded away."""
    return _card(reply, is_open=False)


def explanation(reply: SmtpReply) -> kit.Element:
    """A reply as a card with everything unfolded."""
    return _card(reply, is_open=True)


def _card(reply: SmtpReply, *, is_open: bool) -> kit.Element:
    tone = kit.TONES[reply.severity]
    return kit.card(
        tone,
        _heading(reply, tone),
        reply.command is not None and kit.speech("C", None, kit.said(reply.command), _gloss(reply.command)),
        list(server_lines(reply)),
        kit.section(kit.strong("Meaning:"), " ", reply.meaning, _enhanced_meaning(reply.enhanced_status)),
        kit.note(tone, "Next", next_steps(reply)),
        kit.folded(f"What do the digits of {reply.code} say?", kit.facts(_digit_facts(reply)), is_open=is_open),
    )


def _heading(reply: SmtpReply, tone: kit.Tone) -> kit.Element:
    severity = reply_codes.severity(reply.code)
    margin = [
        f"({severity.gloss})",
        kit.channel(secure=reply.secure),
        f"{reply.elapsed * 1000:.1f} ms" if options.show_timing else None,
        kit.link(reply_codes.reference(reply.code, reply.verb)),
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
    return kit.muted(" (end of mail data)") if command == "." else None


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


# -- the meaning -------------------------------------------------------------------------------------------------


def _enhanced_meaning(status: EnhancedStatus | None) -> kit.Node:
    if status is None:
        return None
    row = enhanced_status.row(status.class_, status.subject, status.detail)
    return [" ", kit.strong(f"{status}:"), " ", row.meaning]


def _digit_facts(reply: SmtpReply) -> Iterator[tuple[kit.Node, kit.Node]]:
    first, second = reply_codes.severity(reply.code), reply_codes.category(reply.code)
    yield f"{reply.severity}xx", f"{first.name}: {first.gloss}"
    yield f"x{reply.category}x", f"{second.name}: {second.gloss}"
    yield f"xx{reply.detail}", "the finer meaning, given above"
    if len(reply.lines) > 1:
        yield f"{reply.code}-", f"more follows: these {len(reply.lines):,} lines are one reply"
        yield f"{reply.code}␣", "a space behind the code: the last line"
    if reply.enhanced_status:
        yield from _enhanced_facts(reply.enhanced_status)


def _enhanced_facts(status: EnhancedStatus) -> Iterator[tuple[kit.Node, kit.Node]]:
    row = enhanced_status.row(status.class_, status.subject, status.detail)
    yield f"{status.class_}.x.x", enhanced_status.CLASSES[status.class_]
    yield f"x.{status.subject}.x", enhanced_status.subject(status.subject)
    yield f"x.x.{status.detail}", kit.joined([row.name, kit.link(row.reference)])
