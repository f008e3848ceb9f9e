"""The entries of a transcript: an `Exchange` is a command and its reply, a `Remark` what happened and was not said.

Both are redacted before they are made, so nothing here knows a secret. The text form is after swaks: `->` sent, `<-`
received, `~>` and `<~` inside TLS, `**` unexpected, `===` a remark.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from smtpnb.protocol.reply import SmtpReply
from smtpnb.text import decoded, plural, visible

#: Codes of a greeting (RFC 5321 §4.3.1): the only reply that no command asks for.
GREETINGS: Final = (220, 421, 554)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command and its reply.

    Attributes:
        at: seconds from the first entry to the sending of the command.
        command: the command, redacted; None for a greeting and for a reply nobody asked for.
        reply: the reply; None where none came or none was read.
        secure: whether it went through TLS.
        state: the state afterwards.
        content: the first octets of the content sent (after DATA, or with BDAT), as they went over the wire.
        octets: how many octets of content went over the wire.
        wait: seconds from the command's last octet to the whole reply.
        pipelined: whether it was sent before the reply to the command before it had come.
    """

    at: float = field(compare=False)
    command: str | None
    reply: SmtpReply | None
    secure: bool
    state: str
    content: bytes = b""
    octets: int = 0
    wait: float = field(default=0.0, compare=False)
    pipelined: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that happened and was not said: a handshake, a time-out, the end.

    Attributes:
        at: seconds since the first entry.
        text: what happened.
        secure: whether TLS was on.
        unexpected: whether it is a fault.
    """

    at: float = field(compare=False)
    text: str
    secure: bool = False
    unexpected: bool = False


Entry: TypeAlias = Exchange | Remark


def text_lines(entry: Entry) -> Iterator[str]:
    """The lines of an entry, after swaks' notation; nothing hidden in them."""
    if isinstance(entry, Remark):
        yield f"{'**' if entry.unexpected else '==='} {visible(entry.text)}"
        return
    sent, received = ("~>", "<~") if entry.secure else ("->", "<-")
    if entry.command == "." and entry.octets:
        yield from _content_lines(entry, sent)  # its last line is the dot
    elif entry.command is not None:
        yield f"{sent} {visible(entry.command)}".rstrip()
        yield from _content_lines(entry, sent)
    if entry.reply is not None:
        mark = received if entry.command is not None or entry.reply.code in GREETINGS else "**"
        yield from (f"{mark} {entry.reply.code}{separator}{visible(text)}".rstrip()
                    for separator, text in entry.reply.wire_lines())  # fmt: skip


def _content_lines(entry: Exchange, sent: str) -> Iterator[str]:
    if entry.content:
        yield from (
            f"{sent} {visible(line)}".rstrip() for line in decoded(entry.content).removesuffix("\r\n").split("\r\n")
        )
    if entry.octets > len(entry.content):
        yield f"=== {plural(entry.octets - len(entry.content), 'more octet')} of content not kept"
