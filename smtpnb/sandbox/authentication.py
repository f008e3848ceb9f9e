"""AUTH: a SASL exchange within SMTP (RFC 4954)."""

import base64
from functools import partial
from typing import Final

from smtpnb.sandbox.answer import Answer, Refusal, answer
from smtpnb.sandbox.dialogue import Dialogue, Expected
from smtpnb.sandbox.receiver import MAX_RESPONSE, Line, LineReceiver
from smtpnb.sandbox.sasl import MECHANISMS, Credentials, Exchange, initial_response, response
from smtpnb.secret import MASK, Secret

SYNTAX: Final = "AUTH mechanism [initial-response]"


def auth(dialogue: Dialogue, argument: str) -> Answer:
    """Begins a SASL exchange, and ends it where an initial response suffices (RFC 4954 §4)."""
    name, space, rest = argument.partition(" ")
    initial = Secret(rest) if space else None
    argument = rest = ""  # from here on, what may be a password is closed
    if dialogue.login is not None:
        raise Refusal(503, "5.5.1", "You are authenticated already")
    if dialogue.transaction:
        raise Refusal(503, "5.5.1", "Not within a mail transaction")
    if not name:
        raise Refusal(501, "5.5.4", f"Syntax: {SYNTAX}")
    if name.upper() not in dialogue.offered["AUTH"] or name.upper() not in MECHANISMS:
        raise Refusal(504, "5.5.4", "This mechanism is not offered")
    exchange = MECHANISMS[name.upper()](initial_response(initial) if initial is not None else None)
    return _advanced(dialogue, exchange, None)


def _advanced(dialogue: Dialogue, exchange: Exchange, given: Secret | None) -> Answer:
    """The next challenge, or the verdict."""
    try:
        challenge = next(exchange) if given is None else exchange.send(given)
    except StopIteration as end:
        return _verdict(dialogue, end.value)
    receiver = LineReceiver(MAX_RESPONSE)
    dialogue.expected = Expected(receiver, partial(_responded, dialogue, exchange), lambda _: MASK)
    return answer(334, "", base64.b64encode(challenge).decode("ascii"))


def _responded(dialogue: Dialogue, exchange: Exchange, line: Line) -> Answer:
    if line.fault:
        raise Refusal(500, "5.5.6", line.fault)  # RFC 4954 §6: authentication exchange line is too long
    return _advanced(dialogue, exchange, response(Secret(line.octets)))


def _verdict(dialogue: Dialogue, credentials: Credentials) -> Answer:
    """235 or 535; acting as somebody else is nobody's right here (RFC 4616 §2)."""
    if not dialogue.configuration.directory.authenticated(credentials):
        raise Refusal(535, "5.7.8", "Authentication credentials invalid")
    if credentials.authzid not in ("", credentials.login):
        raise Refusal(535, "5.7.8", "This login may not act as somebody else")
    dialogue.login = credentials.login
    return answer(235, "2.7.0", "Authentication successful")
