"""MAIL, RCPT, DATA, BDAT: the mail transaction (RFC 5321 §3.3, RFC 3030)."""

import re
from functools import partial
from typing import Final

from smtpnb.sandbox import address, parameter
from smtpnb.sandbox.address import NULL, Address
from smtpnb.sandbox.answer import Answer, Refusal, answer
from smtpnb.sandbox.dialogue import Dialogue, Expected, Recipient, Transaction
from smtpnb.sandbox.mailbox import CapturedMessage
from smtpnb.sandbox.receiver import LAX, STRICT, ChunkReceiver, Content, DataReceiver
from smtpnb.text import plural

MAIL_SYNTAX: Final = "MAIL FROM:<address> [parameters]"
RCPT_SYNTAX: Final = "RCPT TO:<address> [parameters]"
BDAT_SYNTAX: Final = "BDAT size [LAST]"

# RFC 3030 §2: bdat-cmd; the number of digits is RFC 1870's.
_BDAT: Final = re.compile(r"(?P<size>[0-9]{1,20})(?P<last> LAST)?", re.IGNORECASE)


def mail(dialogue: Dialogue, argument: str) -> Answer:
    """Begins a mail transaction (RFC 5321 §4.1.1.2)."""
    if not dialogue.name:
        raise Refusal(503, "5.5.1", "EHLO first: say who you are")
    if dialogue.transaction:
        raise Refusal(503, "5.5.1", "Nested MAIL: a transaction is open; RSET ends it")
    inner, rest = address.split(argument, "FROM", MAIL_SYNTAX)
    sender = address.parsed(inner, "5.1.7") if inner else NULL
    parameters = parameter.read(rest, parameter.MAIL, dialogue.offered)
    if not str(sender).isascii() and "SMTPUTF8" not in parameters:
        raise Refusal(550, "5.6.7", "This address needs the parameter SMTPUTF8")  # RFC 6531 §3.5
    if int(parameters.get("SIZE", "0")) > dialogue.size_limit:
        raise Refusal(552, "5.3.4", f"Message too large: at most {dialogue.size_limit} octets")  # RFC 1870 §6.1
    dialogue.transaction = Transaction(sender, parameters, parameter.as_given(rest))
    return answer(250, "2.1.0", "Sender accepted")


def rcpt(dialogue: Dialogue, argument: str) -> Answer:
    """Adds a recipient (RFC 5321 §4.1.1.3)."""
    transaction = dialogue.transaction
    if transaction is None:
        raise Refusal(503, "5.5.1", "MAIL first: there is no transaction")
    if transaction.chunks is not None:
        raise Refusal(503, "5.5.1", "BDAT has begun: no more recipients")
    inner, rest = address.split(argument, "TO", RCPT_SYNTAX)
    at = _forward_path(inner)
    parameter.read(rest, parameter.RCPT, dialogue.offered)
    if not str(at).isascii() and "SMTPUTF8" not in transaction.parameters:
        raise Refusal(553, "5.6.7", "This address needs the parameter SMTPUTF8 at MAIL")  # RFC 6531 §3.5
    if len(transaction.recipients) >= dialogue.configuration.max_recipients:
        raise Refusal(452, "4.5.3", "Too many recipients")  # RFC 5321 §4.5.3.1.10
    accepted = _accepted(dialogue, at)
    mailboxes = dialogue.configuration.directory.expanded(at)
    transaction.recipients.append(Recipient(inner, mailboxes, parameter.as_given(rest)))
    return accepted


def _forward_path(inner: str) -> Address:
    if inner.casefold() == "postmaster":
        return Address(inner, "")  # RFC 5321 §4.1.1.3: the one that needs no domain
    return address.parsed(inner, "5.1.3")


def _accepted(dialogue: Dialogue, at: Address) -> Answer:
    """250 or 251, where the directory and the behaviours let this recipient in.

    Raises:
        Refusal: they do not.
    """
    directory = dialogue.configuration.directory
    refused = dialogue.configuration.behaviours.recipient(at, dialogue.moment)
    if refused is not None:
        raise Refusal(refused.code, refused.status, *refused.lines)
    redirected = directory.redirected(at)
    if redirected is not None and redirected.code >= 500:
        raise Refusal(redirected.code, redirected.status, *redirected.lines)
    if redirected is None and at.key[0] != "postmaster" and directory.is_local(at) and directory.entry(at) is None:
        raise Refusal(550, "5.1.1", "No such user here")
    return redirected or answer(250, "2.1.5", "Recipient accepted")


def _ready(dialogue: Dialogue) -> Transaction:
    """The transaction, where content may come.

    Raises:
        Refusal: 503, there is no transaction or no recipient (RFC 5321 §3.3, RFC 3030 §2).
    """
    if dialogue.transaction is None:
        raise Refusal(503, "5.5.1", "MAIL first: there is no transaction")
    if not dialogue.transaction.recipients:
        raise Refusal(503, "5.5.1", "RCPT first: there is no recipient yet")
    return dialogue.transaction


def data(dialogue: Dialogue, argument: str) -> Answer:
    """Asks for the content (RFC 5321 §4.1.1.4)."""
    if argument:
        raise Refusal(501, "5.5.4", "Syntax: DATA, with nothing behind it")
    transaction = _ready(dialogue)
    if transaction.chunks is not None:
        raise Refusal(503, "5.5.1", "BDAT has begun: DATA cannot follow in the same transaction")
    if transaction.body == "BINARYMIME":
        raise Refusal(503, "5.5.1", "BODY=BINARYMIME goes with BDAT")  # RFC 3030 §3
    end = LAX if dialogue.configuration.lax_end_of_data else STRICT
    receiver = DataReceiver(dialogue.size_limit, end)
    dialogue.expected = Expected(receiver, partial(_store, dialogue), _shown_content, point="CONTENT")
    return answer(354, "", "Send the content; a line with a dot alone ends it")


def bdat(dialogue: Dialogue, argument: str) -> Answer | None:
    """Takes a chunk (RFC 3030 §2); the reply comes when it is whole."""
    match = _BDAT.fullmatch(argument)
    if match is None:
        raise Refusal(501, "5.5.4", f"Syntax: {BDAT_SYNTAX}")
    transaction, size, last = _ready(dialogue), int(match["size"]), bool(match["last"])
    if len(transaction.chunks or b"") + size > dialogue.size_limit:
        # RFC 3030 §2: after a 5xx the rest of the chunks must fail too, so the transaction ends here.
        dialogue.transaction = None
        raise Refusal(552, "5.3.4", f"Message too large: at most {dialogue.size_limit} octets")
    take = partial(_take_chunk, dialogue, last)
    if size == 0:
        return take(b"")
    dialogue.expected = Expected(ChunkReceiver(size), take, _shown_chunk)
    return None


def owed(argument: str) -> int:
    """How many octets follow this BDAT, whatever becomes of it."""
    match = _BDAT.fullmatch(argument)
    return int(match["size"]) if match else 0


def _take_chunk(dialogue: Dialogue, last: bool, chunk: bytes) -> Answer:
    transaction = _ready(dialogue)
    if transaction.chunks is None:
        transaction.chunks = bytearray()
    transaction.chunks += chunk
    if not last:
        return answer(250, "2.0.0", f"{plural(len(chunk), 'octet')} received")
    content = bytes(transaction.chunks)
    return _store(dialogue, Content(content, content, len(content)))


def _store(dialogue: Dialogue, content: Content) -> Answer:
    """Keeps the message and ends the transaction (RFC 5321 §4.1.1.4)."""
    transaction = _ready(dialogue)
    dialogue.transaction = None
    if content.size > dialogue.size_limit:
        raise Refusal(552, "5.3.4", f"Message too large: at most {dialogue.size_limit} octets")
    if dialogue.configuration.strict_8bit and transaction.body == "7BIT" and not content.raw.isascii():
        raise Refusal(554, "5.6.3", "8-bit content needs BODY=8BITMIME")
    kept = dialogue.configuration.mailbox.deliver(_message(dialogue, transaction, content))
    if kept is None:
        raise Refusal(452, "4.3.1", "The sandbox is full: messages.clear() makes room")
    dialogue.delivered.append(kept.number)
    return answer(250, "2.0.0", f"Queued as {kept.number}")


def _message(dialogue: Dialogue, transaction: Transaction, content: Content) -> CapturedMessage:
    recipients = transaction.recipients
    return CapturedMessage(
        sender=str(transaction.sender),
        recipients=tuple(recipient.given for recipient in recipients),
        raw=content.raw,
        wire=content.wire,
        mailboxes=tuple(dict.fromkeys(box for recipient in recipients for box in recipient.mailboxes)),
        parameters=transaction.given,
        recipient_parameters=tuple(recipient.parameters for recipient in recipients),
        helo=dialogue.name,
        secure=dialogue.tls is not None,
        authenticated_as=dialogue.login,
        session=dialogue.number,
    )


def _shown_content(content: Content) -> str:
    return f"({plural(content.size, 'octet')} of content)"


def _shown_chunk(chunk: bytes) -> str:
    return f"(a chunk of {plural(len(chunk), 'octet')})"
