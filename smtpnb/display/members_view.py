"""Who an answer to VRFY or EXPN names: a mailbox a row, and whether the server vouches for them (RFC 5321 §3.5)."""

from collections.abc import Iterator
from typing import Final

from smtpnb import options
from smtpnb.display import kit
from smtpnb.display.excerpt import excerpt
from smtpnb.knowledge.rfc import Reference
from smtpnb.protocol.members import Member, Members
from smtpnb.text import plural

_COLUMNS: Final = ("address", "name", "line as it was said")
_VERDICTS: Final = {
    True: (kit.GOOD, "The server says that it knows this name."),
    False: (kit.BAD, "The server says that there is no such name."),
    None: (kit.INFO, "The server does not tell; only RCPT, or a delivery, would show it."),
}


def members_view(members: Members) -> kit.Element:
    """The verdict and the mailboxes, as a card."""
    tone, sentence = _VERDICTS[members.verified]
    question = kit.said(members.command, 200) if members.command else "the reply"
    verdict = kit.title(f"verified: {members.verdict}")
    return kit.card(
        tone,
        kit.heading(kit.glyph(tone), " ", question, ": ", verdict, " (", kit.prose(members.reply), ")"),
        kit.section(sentence, " ", kit.link(Reference(5321, "3.5"))),
        kit.table(_caption(members), _COLUMNS, _rows(members)) if members else None,
    )


def _caption(members: Members) -> kit.Node:
    return plural(len(members), "mailbox", "mailboxes") + " named."


def _rows(members: Members) -> Iterator[kit.Element]:
    shown = excerpt(len(members), options.reply_lines)
    for position in shown.first:
        yield _row(members[position])
    if shown.left_out:
        gap = f"… {plural(shown.left_out, 'more mailbox', 'more mailboxes')} …"
        yield kit.wide_row("", kit.muted(gap), columns=len(_COLUMNS))
    for position in shown.last:
        yield _row(members[position])


def _row(member: Member) -> kit.Element:
    address = kit.said(f"<{member.address}>", 200) if member.address else kit.muted("none in this line")
    name = kit.prose(member.name, 200) if member.name else kit.muted("not given")
    return kit.row(address, name, kit.said(member.line, 300))
