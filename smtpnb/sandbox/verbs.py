"""The verbs: a table of what each does, its syntax, and what must be offered for it.

A handler takes the dialogue and what followed the verb; it returns the reply, or None where the reply waits for
octets that follow, or raises `Refusal`. The verbs of the mail transaction and AUTH have modules of their own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from smtpnb.sandbox import address, authentication, transaction
from smtpnb.sandbox.answer import Answer, Refusal, answer
from smtpnb.sandbox.dialogue import Dialogue

#: Does what a verb asks.
Handler = Callable[[Dialogue, str], Answer | None]


def nothing_owed(argument: str) -> int:  # noqa: ARG001 - the signature of `Verb.owed`
    """No octets follow the command."""
    return 0


@dataclass(frozen=True, slots=True)
class Verb:
    """A row of the table.

    Attributes:
        handler: does it.
        syntax: for HELP and for refusals.
        extension: the EHLO keyword that must have been offered; empty for what RFC 5321 itself asks for.
        owed: how many octets follow the command, even where it is refused.
    """

    handler: Handler
    syntax: str
    extension: str = ""
    owed: Callable[[str], int] = nothing_owed

    def obey(self, dialogue: Dialogue, argument: str) -> Answer | None:
        """Does what is asked, where it may be asked.

        Raises:
            Refusal: it may not, or not so.
        """
        if self.extension:
            _required(dialogue, self.extension)
        return self.handler(dialogue, argument)


def _required(dialogue: Dialogue, extension: str) -> None:
    """Refuses what EHLO did not offer."""
    if not dialogue.extended:
        raise Refusal(503, "5.5.1", f"EHLO first: {extension} is an extension")
    if extension not in dialogue.offered:
        # No RFC gives AUTH a code here; servers say 503. A verb that is switched off is 502 (RFC 5321 §4.2.4).
        raise Refusal(503 if extension == "AUTH" else 502, "5.5.1", f"{extension} is not offered here")


def _bare(verb: str, argument: str) -> None:
    """Refuses an argument where the verb takes none (RFC 5321 §4.1.1.5, .10; RFC 3207 §4)."""
    if argument:
        raise Refusal(501, "5.5.4", f"Syntax: {verb}, with nothing behind it")


def ehlo(dialogue: Dialogue, argument: str) -> Answer:
    """The list of extensions (RFC 5321 §4.1.1.1); a transaction under way ends."""
    hello = _introduced(dialogue, "EHLO", argument, extended=True)
    return answer(250, "", hello, *dialogue.capabilities.lines)


def helo(dialogue: Dialogue, argument: str) -> Answer:
    """A greeting without extensions (RFC 5321 §4.1.1.1)."""
    return answer(250, "", _introduced(dialogue, "HELO", argument, extended=False))


def _introduced(dialogue: Dialogue, verb: str, name: str, *, extended: bool) -> str:
    if not address.helo_name(name):
        # RFC 2034 §3 excludes the replies to EHLO and HELO from enhanced status codes.
        raise Refusal(501, "", f"Syntax: {verb} domain, such as {verb} notebook.example or {verb} [127.0.0.1]")
    dialogue.name, dialogue.extended = name, extended
    dialogue.transaction = None  # RFC 5321 §4.1.4: as RSET would
    return f"{dialogue.configuration.hostname} greets {name}"


def rset(dialogue: Dialogue, argument: str) -> Answer:
    """The transaction is forgotten, the session goes on (RFC 5321 §4.1.1.5)."""
    _bare("RSET", argument)
    dialogue.transaction = None
    return answer(250, "2.0.0", "Reset")


def noop(dialogue: Dialogue, argument: str) -> Answer:  # noqa: ARG001 - RFC 5321 §4.1.1.9: an argument is ignored
    """Nothing, successfully."""
    return answer(250, "2.0.0", "OK")


def help_(dialogue: Dialogue, argument: str) -> Answer:  # noqa: ARG001 - a handler's signature
    """The verbs, or the syntax of one (RFC 5321 §4.1.1.8)."""
    topic = argument.strip().upper()
    if not topic:
        return answer(214, "2.0.0", "These verbs are known:", " ".join(TABLE), "HELP verb tells more")
    if topic not in TABLE:
        raise Refusal(504, "5.5.4", "There is no help on that")
    return answer(214, "2.0.0", f"Syntax: {TABLE[topic].syntax}")


def vrfy(dialogue: Dialogue, argument: str) -> Answer:
    """Whether a user or mailbox is there, as far as this server tells (RFC 5321 §3.5.1)."""
    shared = dialogue.configuration
    return shared.vrfy.answer(shared.directory, _name(dialogue, "VRFY", argument))


def expn(dialogue: Dialogue, argument: str) -> Answer:
    """The members of a mailing list, as far as this server tells (RFC 5321 §3.5.2)."""
    shared = dialogue.configuration
    name = _name(dialogue, "EXPN", argument)
    if "EXPN" not in dialogue.capabilities:
        raise Refusal(502, "5.5.1", "Not implemented here")
    return shared.expn.answer(shared.directory, name)


def _name(dialogue: Dialogue, verb: str, argument: str) -> str:
    """The name that VRFY or EXPN asks about; behind it, SMTPUTF8 may stand (RFC 6531 §3.7.4.2)."""
    name, space, word = argument.rpartition(" ")
    if space and word.upper() == "SMTPUTF8" and "SMTPUTF8" in dialogue.offered:
        argument = name
    if not argument:
        raise Refusal(501, "5.5.4", f"Syntax: {TABLE[verb].syntax}")
    return argument.strip()


def starttls(dialogue: Dialogue, argument: str) -> Answer:
    """Asks for the handshake (RFC 3207 §4)."""
    if dialogue.tls is not None:
        raise Refusal(503, "5.5.1", "TLS is on already")
    _required(dialogue, "STARTTLS")
    _bare("STARTTLS", argument)
    dialogue.handshake = True
    return answer(220, "2.0.0", "Ready to start TLS")


def quit_(dialogue: Dialogue, argument: str) -> Answer:
    """Says goodbye; the connection closes (RFC 5321 §4.1.1.10)."""
    _bare("QUIT", argument)
    return answer(221, "2.0.0", f"{dialogue.configuration.hostname} closes the connection")


TABLE: Final[Mapping[str, Verb]] = {
    "EHLO": Verb(ehlo, "EHLO domain"),
    "HELO": Verb(helo, "HELO domain"),
    "MAIL": Verb(transaction.mail, transaction.MAIL_SYNTAX),
    "RCPT": Verb(transaction.rcpt, transaction.RCPT_SYNTAX),
    "DATA": Verb(transaction.data, "DATA"),
    "BDAT": Verb(transaction.bdat, transaction.BDAT_SYNTAX, "CHUNKING", transaction.owed),
    "RSET": Verb(rset, "RSET"),
    "NOOP": Verb(noop, "NOOP [text]"),
    "HELP": Verb(help_, "HELP [verb]"),
    "VRFY": Verb(vrfy, "VRFY user"),
    "EXPN": Verb(expn, "EXPN list"),
    "STARTTLS": Verb(starttls, "STARTTLS"),
    "AUTH": Verb(authentication.auth, authentication.SYNTAX, "AUTH"),
    "QUIT": Verb(quit_, "QUIT"),
}
