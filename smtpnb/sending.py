"""A whole message sent: `client.send_mail` and `client.send_message`, built on the verbs.

Where PIPELINING is offered, MAIL, every RCPT and DATA are one write; where CHUNKING is, large or binary content goes
by BDAT. What the message needs and the server lacks is refused before a byte is sent. Every status is read, a refused
recipient does not lose the others, and the transaction never stays open.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from smtpnb.delivery import Delivery, delivery
from smtpnb.errors import SmtpError, SmtpProtocolError
from smtpnb.frozen import maker
from smtpnb.pipeline import end_unwanted_data
from smtpnb.progress import shown_progress
from smtpnb.protocol.capabilities import Capabilities
from smtpnb.protocol.command import Batch
from smtpnb.protocol.content import Content, known_size, measured, pieces, small, wire_lines
from smtpnb.protocol.conversation import Stage
from smtpnb.protocol.envelope import Envelope
from smtpnb.protocol.limits import PIECE
from smtpnb.protocol.message import NOTHING, Needs, needs, needs_of_whole
from smtpnb.protocol.reply import SmtpReply
from smtpnb.recorder import Group
from smtpnb.text import visible
from smtpnb.transport.deadline import Deadline
from smtpnb.transport.sockets import in_time

if TYPE_CHECKING:
    from smtpnb.client import SmtpClient

#: Octets from which content goes by BDAT where it can: below, one write after DATA is as fast and known to all servers.
_LARGE: Final = 2 * PIECE


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as one server will get it.

    Attributes:
        envelope: who sends to whom, the parameters that were found to be needed included.
        content: what is sent.
        ready: the content as it goes over the wire, where it is small.
        chunked: whether the content goes by BDAT.
        verbatim: whether its octets go as they are (BINARYMIME).
        at_once: whether the envelope goes out in one write.
    """

    envelope: Envelope
    content: Content
    ready: bytes | None
    chunked: bool
    verbatim: bool
    at_once: bool

    def batch(self) -> Batch:
        """What goes out in one write."""
        batch = self.envelope.batch
        return Batch.of(batch.commands[:-1]) if self.chunked else batch


_letter: Final = maker(Letter)


def delivered(client: "SmtpClient", letter: Letter, *, progress: bool = False) -> Delivery:
    """What became of `letter`: the envelope, then the content if anyone will have it.

    Raises:
        SmtpProtocolError: a 3xx where nothing more is expected, or none where the content is.
    """
    if not letter.at_once:
        return _delivered_to_some(client, letter, _said_one_by_one(client, letter), progress=progress)
    envelope = letter.envelope
    content = b"" if progress else letter.ready or b""
    group = client._exchange_group(letter.batch(), content, envelope=envelope)  # noqa: SLF001 - the other half of one thing
    final = group.last_reply()
    if final is None:
        return _delivered_to_some(client, letter, _looked_through(client, group), progress=progress)
    accepted = envelope.recipients if _agreed(final) else ()
    if not accepted:
        _settle(client, final)
    return delivery(envelope.sender, accepted, {}, final, envelope.parameters, envelope.recipients)


def _delivered_to_some(
    client: "SmtpClient", letter: Letter, replies: Sequence[SmtpReply], *, progress: bool
) -> Delivery:
    """What becomes of it after `replies` to the envelope: there may be refusals among them."""
    sender, recipients = letter.envelope.sender, letter.envelope.recipients
    refused = _refused(recipients, replies)
    willing = tuple([to for to in recipients if to not in refused])
    final = _content(client, letter, replies[-1], progress=progress) if willing else _given_up(client, replies)
    accepted = willing if _agreed(final) else ()
    return delivery(sender, accepted, refused, final, letter.envelope.parameters, recipients)


def _agreed(reply: SmtpReply) -> bool:
    """Whether the server took it on: 3xx asks for more, and so is no promise."""
    return reply.code // 100 == 2


def _said_one_by_one(client: "SmtpClient", letter: Letter) -> list[SmtpReply]:
    """The replies to MAIL, each RCPT, and DATA."""
    replies: list[SmtpReply] = []
    for command in letter.envelope.batch.commands[:-1]:
        replies.append(client._exchange(command))  # noqa: SLF001 - the other half of one thing
        if replies[-1].code == 421 or not _agreed(replies[0]):
            return replies
    if not letter.chunked and client.conversation.stage is Stage.RECIPIENTS:
        replies.append(client.data())
    return replies


def _looked_through(client: "SmtpClient", group: Group) -> list[SmtpReply]:
    """The replies to a group, the content ended that nobody is to have."""
    replies = group.replies()
    if not group.farewell():
        end_unwanted_data(client, replies)
    return replies


def _refused(recipients: Sequence[str], replies: Sequence[SmtpReply]) -> dict[str, SmtpReply]:
    """Recipient → the reply that refused it: to its RCPT, to MAIL, or the 421 that came before either."""
    if not _agreed(replies[0]):
        return dict.fromkeys(recipients, replies[0])
    answers = zip_longest(recipients, replies[1 : 1 + len(recipients)], fillvalue=replies[-1])
    return {str(to): reply for to, reply in answers if not _agreed(reply)}


def _content(client: "SmtpClient", letter: Letter, last: SmtpReply, *, progress: bool) -> SmtpReply:
    """The reply that decides: to the content, or to a DATA that was refused (`last`)."""
    if client.conversation.stage is Stage.DATA:
        final = _by_data(client, letter, progress=progress)
    elif letter.chunked and client.connected:
        final = _by_bdat(client, letter, progress=progress)
    elif last.success:
        client._fail(_out_of_place(last, "354"))  # noqa: SLF001 - the other half of one thing
    else:
        return _after_reset(client, last)
    _settle(client, final)
    return final


def _settle(client: "SmtpClient", reply: SmtpReply) -> None:
    """Closes the transaction where the reply that decides is a refusal."""
    if _agreed(reply):
        return
    if reply.success:
        client._fail(_out_of_place(reply, "2xx, 4xx or 5xx"))  # noqa: SLF001 - as above
    _after_reset(client, reply)


def _out_of_place(reply: SmtpReply, wanted: str) -> SmtpProtocolError:
    return SmtpProtocolError(
        f"the server answered {reply.shown_command} with {reply.shown}, where {wanted} belongs",
        cause="It is broken, or out of step with this client: whether it took the message cannot be known.",
        advice="connect() again, and look whether the message was delivered",
    )


def _by_data(client: "SmtpClient", letter: Letter, *, progress: bool) -> SmtpReply:
    """The reply to the content, once DATA was granted."""
    if letter.ready is None or progress:
        return client.data_body(letter.content, progress=progress)
    return client._upload_whole(letter.ready)  # noqa: SLF001 - as above


def _given_up(client: "SmtpClient", replies: Sequence[SmtpReply]) -> SmtpReply:
    """The reply that decided against it, once the transaction is closed: the first refusal."""
    refusal = next((reply for reply in replies if not _agreed(reply)), replies[-1])
    return _after_reset(client, refusal)


def _after_reset(client: "SmtpClient", reply: SmtpReply) -> SmtpReply:
    if client.connected and client.conversation.reverse_path is not None:
        client.rset()
    return reply


def _by_bdat(client: "SmtpClient", letter: Letter, *, progress: bool) -> SmtpReply:
    """The reply to the last chunk, or to the first that was refused (RFC 3030 §2)."""
    content = letter.content
    chunks = pieces(content, heed=partial(in_time, client._deadline()))  # noqa: SLF001 - as above
    octets = chunks if letter.verbatim else wire_lines(chunks)
    if progress:
        octets = shown_progress(octets, known_size(content))
    try:
        return _last_chunk(client, octets)
    except BaseException as error:  # content that ends midway must never get its last chunk
        if client.connected:
            client._fail(error)  # noqa: SLF001 - as above
        raise


def _last_chunk(client: "SmtpClient", octets: Iterator[bytes]) -> SmtpReply:
    waiting = b""
    for piece in octets:
        if waiting:
            reply = client.bdat(waiting)
            if not _agreed(reply):
                return reply
        waiting = piece
    return client.bdat(waiting, last=True)


# -- what a message needs, and what the server offers ----------------------------------------------------------


def prepared(capabilities: Capabilities, envelope: Envelope, content: Content, deadline: Deadline) -> Letter:
    """The message for a server that offers `capabilities`, with the parameters that it needs.

    Raises:
        SmtpError: the message needs what the server does not offer, or cannot be read in time; nothing was sent.
    """
    octets = small(content)
    if octets is None:
        ready, (size, needed) = None, needs(content, partial(in_time, deadline))
    else:
        (ready, size), needed = measured(octets), needs_of_whole(octets)
        if needed.binary:
            size = len(octets)  # they go as they are
    offered = capabilities.keywords
    found = _size(capabilities, size, envelope.parameters) if "SIZE" in offered else []
    if needed is not NOTHING or not envelope.ordinary:
        found += _extensions(capabilities, needed, envelope)
    if found:
        envelope = envelope.with_parameters(found)
    binary = bool(envelope.parameters) and "BODY=BINARYMIME" in map(str.upper, envelope.parameters)
    chunked = (binary or size is None or size >= _LARGE) and "CHUNKING" in offered
    return _letter(envelope, content, ready, chunked, binary, "PIPELINING" in offered)


def _size(capabilities: Capabilities, size: int | None, given: Sequence[str]) -> list[str]:
    if size is None or "SIZE" in _keywords(given):
        return []
    _refuse_too_large(capabilities, size)
    return [f"SIZE={size}"]


def _keywords(parameters: Sequence[str]) -> set[str]:
    return {parameter.partition("=")[0].upper() for parameter in parameters}


def _extensions(capabilities: Capabilities, needed: Needs, envelope: Envelope) -> list[str]:
    given = _keywords(envelope.parameters)
    found = []
    if "BODY" not in given and (body := _body(capabilities, needed)):
        found.append(body)
    if "SMTPUTF8" not in given and _is_international(needed, envelope):
        _refuse_without(capabilities, "SMTPUTF8", "an address or header field is not ASCII")
        found.append("SMTPUTF8")
    return found


def _is_international(needed: Needs, envelope: Envelope) -> bool:
    return needed.international_header or not ("".join(envelope.recipients) + envelope.sender).isascii()


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
