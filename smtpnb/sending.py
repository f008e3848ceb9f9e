"""A whole message sent: `client.send_mail` and `client.send_message`, built on the verbs.

Where PIPELINING is offered, MAIL, every RCPT and DATA are one write; where CHUNKING is, large or binary content goes
by BDAT. What the message needs and the server lacks is refused before a byte is sent. Every status is read, a refused
recipient does not lose the others, and the transaction never stays open.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smtpnb.delivery import Delivery
from smtpnb.errors import SmtpError
from smtpnb.progress import shown_progress
from smtpnb.protocol.capabilities import Capabilities
from smtpnb.protocol.command import Command
from smtpnb.protocol.content import Content, known_size, pieces, wire_lines
from smtpnb.protocol.conversation import Stage
from smtpnb.protocol.limits import PIECE
from smtpnb.protocol.message import Needs, needs
from smtpnb.protocol.path import bare, path
from smtpnb.protocol.reply import SmtpReply
from smtpnb.text import visible

if TYPE_CHECKING:
    from smtpnb.client import SmtpClient

#: Octets from which content goes by BDAT where it can: below, one write after DATA is as fast and known to all servers.
_LARGE: Final = 2 * PIECE


@dataclass(frozen=True, slots=True)
class Mail:
    """What a user wants sent: envelope, parameters, content; checked.

    Attributes:
        sender: the reverse-path.
        recipients: the forward-paths.
        content: what to send.
        mail_parameters: what goes with MAIL.
        rcpt_parameters: what goes with each RCPT.
    """

    sender: str
    recipients: tuple[str, ...]
    content: Content
    mail_parameters: tuple[str, ...]
    rcpt_parameters: tuple[str, ...]

    @classmethod
    def of(
        cls,
        sender: str,
        recipients: str | Iterable[str],
        content: Content,
        mail_parameters: Sequence[str],
        rcpt_parameters: Sequence[str],
    ) -> "Mail":
        """The mail, its addresses and parameters checked.

        Raises:
            ValueError: no recipient, or an address or parameter that cannot be sent.
            TypeError: an argument of the wrong kind.
        """
        to = (recipients,) if isinstance(recipients, str) else tuple(dict.fromkeys(recipients))
        if not to:
            raise ValueError("there is no recipient: give one address or several")
        for address in (sender, *to):
            Command("RCPT", path(address), *mail_parameters, *rcpt_parameters)  # refuses CR, LF, NUL
        pieces(content)  # refuses what is no content
        return cls(bare(path(sender)), to, content, tuple(mail_parameters), tuple(rcpt_parameters))


@dataclass(frozen=True, slots=True)
class Letter(Mail):
    """A mail as one server will get it.

    Attributes:
        chunked: whether the content goes by BDAT.
        verbatim: whether its octets go as they are (BINARYMIME).
    """

    chunked: bool
    verbatim: bool


def delivered(client: "SmtpClient", letter: Letter, *, progress: bool = False) -> Delivery:
    """What became of `letter`: the envelope, then the content if anyone will have it."""
    replies = _envelope(client, letter)
    mail, *rcpts = replies[: 1 + len(letter.recipients)]
    refused = {
        recipient: reply if mail.success else mail
        for recipient, reply in zip(letter.recipients, rcpts or [mail] * len(letter.recipients), strict=False)
        if not (mail.success and reply.success)
    }
    willing = tuple(recipient for recipient in letter.recipients if recipient not in refused)
    final = _content(client, letter, replies[-1], progress=progress) if willing else _given_up(client, replies)
    accepted = willing if final.success else ()
    return Delivery(letter.sender, accepted, refused, final, letter.mail_parameters, letter.recipients)


def _envelope(client: "SmtpClient", letter: Letter) -> list[SmtpReply]:
    """The replies to MAIL, each RCPT, and DATA: in one write where that is offered."""
    with client.pipeline() as pipe:
        pipe.mail(letter.sender, *letter.mail_parameters)
        for recipient in letter.recipients:
            pipe.rcpt(recipient, *letter.rcpt_parameters)
        if not letter.chunked and "PIPELINING" in client.capabilities:
            pipe.data()
    replies = pipe.replies
    if client.conversation.stage is Stage.RECIPIENTS and not letter.chunked and "DATA" not in replies[-1].verb:
        replies.append(client.data())
    return replies


def _content(client: "SmtpClient", letter: Letter, last: SmtpReply, *, progress: bool) -> SmtpReply:
    """The reply that decides: to the content, or to a DATA that was refused."""
    if letter.chunked:
        reply = _by_bdat(client, letter, progress=progress)
    elif client.conversation.stage is Stage.DATA:
        return client.data_body(letter.content, progress=progress)
    else:
        reply = last
    return reply if reply.success else _after_reset(client, reply)


def _given_up(client: "SmtpClient", replies: Sequence[SmtpReply]) -> SmtpReply:
    """The reply that decided against it, once the transaction is closed: the first refusal."""
    refusal = next((reply for reply in replies if not reply.success), replies[-1])
    return _after_reset(client, refusal)


def _after_reset(client: "SmtpClient", reply: SmtpReply) -> SmtpReply:
    if client.connected and client.conversation.reverse_path is not None:
        client.rset()
    return reply


def _by_bdat(client: "SmtpClient", letter: Letter, *, progress: bool) -> SmtpReply:
    """The reply to the last chunk, or to the first that was refused (RFC 3030 §2)."""
    octets = pieces(letter.content) if letter.verbatim else wire_lines(pieces(letter.content))
    if progress:
        octets = shown_progress(octets, known_size(letter.content))
    waiting = b""
    for piece in octets:
        if waiting:
            reply = client.bdat(waiting)
            if not reply.success:
                return reply
        waiting = piece
    return client.bdat(waiting, last=True)


# -- what a message needs, and what the server offers ----------------------------------------------------------


def prepared(capabilities: Capabilities, mail: Mail) -> Letter:
    """The mail for a server that offers `capabilities`, with the parameters that it needs.

    Raises:
        SmtpError: the message needs what the server does not offer; nothing was sent.
    """
    needed = needs(mail.content)
    international = needed.international_header or not all(a.isascii() for a in (mail.sender, *mail.recipients))
    found = _found_parameters(capabilities, needed, _keywords(mail.mail_parameters), international=international)
    parameters = (*mail.mail_parameters, *found)
    binary = "BODY=BINARYMIME" in parameters
    chunked = "CHUNKING" in capabilities and (binary or needed.size is None or needed.size >= _LARGE)
    return Letter(
        mail.sender, mail.recipients, mail.content, parameters, mail.rcpt_parameters, chunked=chunked, verbatim=binary
    )


def _keywords(parameters: Sequence[str]) -> set[str]:
    return {parameter.partition("=")[0].upper() for parameter in parameters}


def _found_parameters(
    capabilities: Capabilities, needed: Needs, given: set[str], *, international: bool
) -> tuple[str, ...]:
    parameters = []
    if "SIZE" not in given and "SIZE" in capabilities and needed.size is not None:
        _refuse_too_large(capabilities, needed.size)
        parameters.append(f"SIZE={needed.size}")
    if "BODY" not in given and (body := _body(capabilities, needed)):
        parameters.append(body)
    if "SMTPUTF8" not in given and international:
        _refuse_without(capabilities, "SMTPUTF8", "an address or header field is not ASCII")
        parameters.append("SMTPUTF8")
    return tuple(parameters)


def _body(capabilities: Capabilities, needed: Needs) -> str:
    if needed.binary:
        _refuse_without(capabilities, "BINARYMIME", "the content holds NUL, which lines of text cannot")
        return "BODY=BINARYMIME"
    if needed.eight_bit:
        _refuse_without(capabilities, "8BITMIME", "the content holds octets above 127")
    # Content that can be read only once may hold such octets; declaring them costs nothing where it is offered.
    return "BODY=8BITMIME" if needed.eight_bit is not False and "8BITMIME" in capabilities else ""


def _refuse_too_large(capabilities: Capabilities, size: int) -> None:
    if capabilities.size and size > capabilities.size:
        raise SmtpError(
            f"the message has {size:,} octets, and the server takes {capabilities.size:,}; nothing was sent",
            cause="The server says so in its answer to EHLO: capabilities.size (RFC 1870).",
            advice=("send less, or send a link to it", "SIZE= in mail_parameters sends it all the same"),
        )


def _refuse_without(capabilities: Capabilities, keyword: str, why: str) -> None:
    if keyword not in capabilities:
        offered = visible(", ".join(capabilities)) or "nothing"
        raise SmtpError(
            f"{why}, and the server does not offer {keyword}; nothing was sent",
            cause=f"It offers {offered}.",
            advice=("encode the content (base64, quoted-printable), and use ASCII addresses", "use another server"),
        )
