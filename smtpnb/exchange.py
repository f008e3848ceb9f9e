"""The entries of a transcript: an `Exchange` is a command and its reply, a `Remark` what happened and was not said.

Both are redacted before they are made, so nothing here knows a secret. The text form is after swaks: `->` sent, `<-`
received, `~>` and `<~` inside TLS, `**` unexpected, `===` a remark.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from smtpnb.frozen import quick
from smtpnb.protocol.reply import SmtpReply
from smtpnb.text import decoded, plural, shortened, visible

#: Codes of a greeting (RFC 5321 §4.3.1): the only reply that no command asks for.
GREETINGS: Final = (220, 421, 554)


@quick
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


def text_lines(entry: Entry, characters: int | None = None) -> Iterator[str]:
    """The lines of an entry, after swaks' notation; nothing hidden in them.

    Args:
        entry: the entry.
        characters: how many of each line to give, the rest counted; all of them if None.
    """

    def shown(text: str) -> str:
        return visible(text if characters is None else shortened(text, characters))

    if isinstance(entry, Remark):
        yield f"{'**' if entry.unexpected else '==='} {shown(entry.text)}"
        return
    sent, received = ("~>", "<~") if entry.secure else ("->", "<-")
    if entry.command is not None and not _ends_content(entry):
        yield f"{sent} {shown(entry.command)}".rstrip()
    if entry.content:
        yield from (f"{sent} {shown(line)}".rstrip() for line in _content_lines(entry))
    if entry.octets > len(entry.content):
        yield f"=== {plural(entry.octets - len(entry.content), 'more octet')} of content not kept"
    if entry.reply is not None:
        mark = received if entry.command is not None or entry.reply.code in GREETINGS else "**"
        yield from (f"{mark} {entry.reply.code}{separator}{shown(text)}".rstrip()
                    for separator, text in entry.reply.wire_lines())  # fmt: skip


def line_count(entry: Entry) -> int:
    """How many lines `text_lines` gives, without making them."""
    if isinstance(entry, Remark):
        return 1
    command = entry.command is not None and not _ends_content(entry)
    content = len(_content_lines(entry)) if entry.content else 0
    return command + content + (entry.octets > len(entry.content)) + (len(entry.reply.lines) if entry.reply else 0)


def _ends_content(entry: Exchange) -> bool:
    """Whether the command is the lone dot, which is the last line of the content then."""
    return entry.command == "." and entry.octets > 0


def _content_lines(entry: Exchange) -> list[str]:
    return decoded(entry.content).removesuffix("\r\n").split("\r\n")
