"""Where a session stands, what the standard expects next, and why; a table that explains and never forbids.

The states are those of RFC 5321 §4.1.4 and RFC 4954 §4, seen from the client:

    CLOSED ──connect──▶ GREETED ──EHLO/HELO──▶ READY ──MAIL──▶ SENDER ──RCPT──▶ RECIPIENTS ──DATA──▶ DATA
                           ▲                    │ ▲                               │  ▲  │              │
                           └──── STARTTLS ──────┘ └────────── RSET, EHLO, end of data, BDAT LAST ──────┘
                                                AUTH ──334──▶ AUTH ──235, 4xx, 5xx──▶ READY

`Conversation` is a frozen value; `after` gives the next one from a command and its reply code. The client sends
what it is told and asks this module for nothing but what to call the result: real servers differ from the table
(some take a second MAIL, OpenSMTPD refuses a second EHLO), and their answer is the truth.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from smtpnb.displayable import Displayable
from smtpnb.frozen import maker, quick
from smtpnb.protocol.limits import RECIPIENTS_KEPT
from smtpnb.protocol.path import address_in
from smtpnb.text import visible


class Stage(enum.Enum):
    """A state of the session; the value is its name for people."""

    CLOSED = "closed"
    GREETED = "greeted"
    READY = "ready"
    SENDER = "has a sender"
    RECIPIENTS = "has recipients"
    DATA = "taking content"
    AUTH = "awaiting a SASL response"


#: Verbs that any open state but DATA and AUTH takes (RFC 5321 §4.1.4).
ANYWHERE: Final = ("NOOP", "HELP", "VRFY", "EXPN", "RSET", "QUIT")

#: Verb → the states in which the standard expects it.
EXPECTED: Final[dict[str, frozenset[Stage]]] = {
    "EHLO": frozenset({Stage.GREETED, Stage.READY, Stage.SENDER, Stage.RECIPIENTS}),
    "HELO": frozenset({Stage.GREETED, Stage.READY, Stage.SENDER, Stage.RECIPIENTS}),
    "STARTTLS": frozenset({Stage.READY}),
    "AUTH": frozenset({Stage.READY}),
    "MAIL": frozenset({Stage.READY}),
    "RCPT": frozenset({Stage.SENDER, Stage.RECIPIENTS}),
    "DATA": frozenset({Stage.RECIPIENTS}),
    "BDAT": frozenset({Stage.RECIPIENTS}),
} | {verb: frozenset({Stage.GREETED, Stage.READY, Stage.SENDER, Stage.RECIPIENTS}) for verb in ANYWHERE}

#: Verbs of extensions: a client learns of them from the reply to EHLO, and HELO's offers none (RFC 5321 §2.2.1).
EXTENDED: Final = frozenset({"STARTTLS", "AUTH", "BDAT"})

#: State → what has to come first there, in words.
_FIRST: Final = {
    Stage.CLOSED: "connect first: there is no connection",
    Stage.GREETED: "EHLO (or HELO) first: the client has not introduced itself",
    Stage.READY: "MAIL first: no mail transaction is open",
    Stage.SENDER: "RCPT first: the mail transaction has no recipient yet",
    Stage.RECIPIENTS: "DATA or RSET first: a mail transaction is open",
    Stage.DATA: "the content first, ended by a line with a lone dot: the server takes everything for content",
    Stage.AUTH: "the SASL response first, or a line with * to cancel",
}


#: The states of a mail transaction, looked up once: up to Python 3.11 a member of an enum costs a function call.
_SENDER, _RECIPIENTS, _DATA, _AUTH = Stage.SENDER, Stage.RECIPIENTS, Stage.DATA, Stage.AUTH


@quick
@dataclass(frozen=True, slots=True)
class Conversation(Displayable):
    """Where a session stands.

    Attributes:
        stage: the state.
        secure: whether TLS is on.
        authenticated: whether AUTH succeeded.
        greeted_with: "EHLO", "HELO", or "" before either.
        reverse_path: the sender of the open mail transaction ("" is the null one), or None.
        forward_paths: its recipients so far, the first hundred of them.
        recipients: how many they are in all.
        chunks: how many BDAT chunks were taken.
    """

    stage: Stage = Stage.CLOSED
    secure: bool = False
    authenticated: bool = False
    greeted_with: str = ""
    reverse_path: str | None = None
    forward_paths: tuple[str, ...] = ()
    recipients: int = 0
    chunks: int = 0

    def after(self, command: str, code: int) -> "Conversation":
        """Where the session stands once `command` was answered with `code`.

        Args:
            command: the command as it may be shown; "" for an answer to a SASL challenge, "." for the end of data.
            code: the reply code.
        """
        if code == 421:
            return CLOSED
        stage = self.stage
        if stage is _AUTH:
            return self._after_response(code)
        if stage is _DATA:
            return self._ready()  # RFC 5321 §4.1.1.4: the buffers are cleared, whatever the answer
        verb, _, arguments = command.partition(" ")
        steps = _STEPS.get(verb)
        if steps is None:
            verb, arguments = [*command.split(maxsplit=1), "", ""][:2]  # typed by hand, other blanks may part them
            steps = _STEPS.get(verb.upper(), _CHALLENGES)
        if not steps:
            return self
        step = steps.get(code // 100) or steps.get(code)  # 235 alone says that AUTH succeeded (RFC 4954 §6)
        return step(self, arguments) if step else self

    def after_envelope(self, sender: str, recipients: tuple[str, ...]) -> "Conversation":
        """Where a session that is between mails stands once MAIL, every RCPT and DATA were granted: `after` in one.

        Args:
            sender: the reverse-path, of usual length.
            recipients: the forward-paths, likewise.
        """
        granted = _granted if len(recipients) == 1 else _granted.__wrapped__
        return granted(self.secure, self.authenticated, self.greeted_with, sender, recipients)

    def expects(self, verb: str) -> bool:
        """Whether the standard expects `verb` here; a server may see it otherwise."""
        if verb.upper() in EXTENDED and self.greeted_with == "HELO":
            return False
        if verb.upper() == "STARTTLS" and self.secure:
            return False
        if verb.upper() == "AUTH" and self.authenticated:
            return False
        if verb.upper() == "DATA" and self.chunks:
            return False  # RFC 3030 §2: DATA and BDAT do not mix in one transaction
        return self.stage in EXPECTED.get(verb.upper(), ())

    def why_not(self, verb: str) -> str:
        """What would have to come before `verb`, in words; empty where it is expected."""
        if self.expects(verb):
            return ""
        if verb.upper() not in EXPECTED:
            return f"{visible(verb)} is no verb of the standard"
        if self.stage is Stage.GREETED and verb.upper() in EXTENDED:
            return f"EHLO first: {verb.upper()} is an extension, and only the reply to EHLO tells whether it is there"
        if self.stage in (Stage.CLOSED, Stage.DATA, Stage.AUTH, Stage.GREETED):
            return _FIRST[self.stage]
        return self._why_not_in_session(verb.upper())

    def _why_not_in_session(self, verb: str) -> str:
        if verb in EXTENDED and self.greeted_with == "HELO":
            return f"EHLO first: {verb} is an extension, and HELO brings none"
        if verb == "STARTTLS" and self.secure:
            return "TLS is on already"
        if verb == "AUTH" and self.authenticated:
            return "AUTH succeeded already: once per session"
        if verb in ("MAIL", "STARTTLS", "AUTH"):
            return "RSET (or the end of data) first: a mail transaction is open"
        return "the rest by BDAT: DATA and BDAT do not mix" if self.chunks else _FIRST[self.stage]

    @property
    def allowed(self) -> tuple[str, ...]:
        """The verbs expected now."""
        return tuple(verb for verb in EXPECTED if self.expects(verb))

    @property
    def refused(self) -> tuple[str, ...]:
        """The verbs that would likely get a 503 now."""
        return tuple(verb for verb in EXPECTED if not self.expects(verb))

    @property
    def refusal(self) -> str:
        """What becomes of the `refused` verbs: without a connection nobody answers, not even with a 503."""
        return "Cannot be sent" if self.stage is Stage.CLOSED else "Would likely get 503"

    @property
    def summary(self) -> str:
        """`has recipients: 2 · TLS · authenticated`: the state in a few words."""
        marks = [name for name, on in (("TLS", self.secure), ("authenticated", self.authenticated)) if on]
        return " · ".join([self.stage.value, *marks])

    def to_text(self) -> str:
        """The state in three lines: what is allowed, what would get a 503, the envelope so far."""
        return "\n".join(
            (
                f"Now: {self.summary}",
                f"Expected now: {', '.join(self.allowed) or self.why_not('NOOP')}",
                f"{self.refusal}: {', '.join(self.refused) or 'nothing'}",
                f"Envelope so far: {self.envelope}",
            )
        )

    @property
    def envelope(self) -> str:
        """The open mail transaction in words."""
        if self.reverse_path is None:
            return "none: no mail transaction is open"
        more = self.recipients - len(self.forward_paths)
        paths = ", ".join(f"<{visible(address)}>" for address in self.forward_paths)
        to = f"to {paths}" if paths else "no recipient yet"
        return f"from <{visible(self.reverse_path)}>, {to}" + (f" and {more:,} more" if more else "")

    def __repr__(self) -> str:
        return f"<Conversation {self.summary}; envelope: {self.envelope}>"

    # -- the steps -------------------------------------------------------------------------------------------

    def _ready(self, _: str = "") -> "Conversation":
        return _between_mails(self.secure, self.authenticated, self.greeted_with)

    def _after_response(self, code: int) -> "Conversation":
        if code // 100 == 3:
            return self
        ready = self._ready()
        return ready._authenticated() if code == 235 else ready

    def _authenticated(self, _: str = "") -> "Conversation":
        return Conversation(self.stage, self.secure, authenticated=True, greeted_with=self.greeted_with)

    def _introduced(self, verb: str) -> "Conversation":
        return Conversation(Stage.READY, self.secure, self.authenticated, verb)

    def _reset(self, _: str) -> "Conversation":
        return self if self.reverse_path is None else self._ready()

    def _challenged(self, _: str) -> "Conversation":
        return Conversation(Stage.AUTH, self.secure, self.authenticated, self.greeted_with)

    def _taking_content(self, _: str) -> "Conversation":
        return self._with(_DATA, self.forward_paths, self.recipients, self.chunks)

    def _from(self, arguments: str) -> "Conversation":
        sender = address_in(arguments)
        return _made(_SENDER, self.secure, self.authenticated, self.greeted_with, sender)

    def _to(self, arguments: str) -> "Conversation":
        kept = self.forward_paths
        paths = (*kept, address_in(arguments)) if len(kept) < RECIPIENTS_KEPT else kept
        return self._with(_RECIPIENTS, paths, self.recipients + 1, self.chunks)

    def _chunk(self, arguments: str) -> "Conversation":
        if arguments.upper().endswith("LAST"):
            return self._ready()
        return self._with(self.stage, self.forward_paths, self.recipients, self.chunks + 1)

    def _with(self, stage: Stage, paths: tuple[str, ...], recipients: int, chunks: int) -> "Conversation":
        sender = self.reverse_path
        sender = "" if sender is None else sender
        return _made(stage, self.secure, self.authenticated, self.greeted_with, sender, paths, recipients, chunks)


_made: Final = maker(Conversation)


@lru_cache(maxsize=16)  # there are twelve of them, and one comes after every message
def _between_mails(secure: bool, authenticated: bool, greeted_with: str) -> Conversation:
    return Conversation(Stage.READY if greeted_with else Stage.GREETED, secure, authenticated, greeted_with)


@lru_cache(maxsize=64)  # the same people are written to again and again
def _granted(
    secure: bool, authenticated: bool, greeted_with: str, sender: str, recipients: tuple[str, ...]
) -> Conversation:
    kept = recipients if len(recipients) <= RECIPIENTS_KEPT else recipients[:RECIPIENTS_KEPT]
    return _made(_DATA, secure, authenticated, greeted_with, sender, kept, len(recipients))


CLOSED: Final = Conversation()
GREETED: Final = Conversation(Stage.GREETED)

_Steps: TypeAlias = dict[int, Callable[[Conversation, str], Conversation]]

#: The steps of what changes nothing.
_NO_STEPS: Final[_Steps] = {}

#: Those of what nobody knows: a 334 is a challenge all the same, and what answers it a secret (RFC 4954 §4).
_CHALLENGES: Final[_Steps] = {334: Conversation._challenged}

#: Verb → first digit of the reply, or all of them → what becomes of the conversation; all else leaves it as it is.
_STEPS: Final[dict[str, _Steps]] = {
    "EHLO": {2: lambda now, _: now._introduced("EHLO")},
    "HELO": {2: lambda now, _: now._introduced("HELO")},
    "MAIL": {2: Conversation._from},
    "RCPT": {2: Conversation._to},
    "RSET": {2: Conversation._reset},
    "DATA": {3: Conversation._taking_content},
    "BDAT": {2: Conversation._chunk},
    "AUTH": {235: Conversation._authenticated, 3: Conversation._challenged},
    "QUIT": {221: lambda _now, _: CLOSED},
    **dict.fromkeys(("NOOP", "HELP", "VRFY", "EXPN"), _NO_STEPS),
}  # STARTTLS is not among them: the handshake comes first, see `after_tls`


def after_tls(*, greeted: bool) -> Conversation:
    """Where a session stands after a handshake: what was said before is forgotten (RFC 3207 §4.2).

    Args:
        greeted: whether the greeting came already; with implicit TLS it comes after the handshake.
    """
    return Conversation(Stage.GREETED if greeted else Stage.CLOSED, secure=True)
