"""What a session knows at one moment: who is there, how far the mail transaction is, what is to come next.

The state that verbs read and change. STARTTLS forgets nearly all of it in one place (RFC 3207 §4.2).
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from smtpnb.protocol.capabilities import Capabilities
from smtpnb.sandbox.address import Address
from smtpnb.sandbox.answer import Answer
from smtpnb.sandbox.behaviour import Moment
from smtpnb.sandbox.configuration import Configuration
from smtpnb.sandbox.offer import MAX_MESSAGE
from smtpnb.sandbox.receiver import Receiver

_NOTHING: Final = Capabilities()


@dataclass(frozen=True, slots=True)
class Recipient:
    """One accepted RCPT.

    Attributes:
        given: the forward-path as it was given, without its angle brackets.
        mailboxes: where mail for it ends up.
        parameters: as given.
    """

    given: str
    mailboxes: tuple[str, ...]
    parameters: tuple[str, ...]


@dataclass(slots=True)
class Transaction:
    """A mail transaction under way (RFC 5321 §3.3).

    Attributes:
        sender: the reverse-path.
        parameters: those of MAIL, by keyword.
        given: the same, as the client wrote them.
        recipients: those accepted so far.
        chunks: the content that BDAT brought so far; None where none came.
    """

    sender: Address
    parameters: dict[str, str]
    given: tuple[str, ...]
    recipients: list[Recipient] = field(default_factory=list)
    chunks: bytearray | None = None

    @property
    def body(self) -> str:
        """What BODY promised: 7BIT, 8BITMIME or BINARYMIME."""
        return self.parameters.get("BODY", "7BIT").upper()


@dataclass(frozen=True, slots=True)
class Expected:
    """What comes next where that is no command.

    Attributes:
        receiver: takes it.
        then: what to do with it; gives the reply.
        shown: how it is shown in the session's record.
        point: the point its reply belongs to; empty for the point of the command that asked for it.
    """

    receiver: Receiver[Any]
    then: Callable[[Any], Answer]
    shown: Callable[[Any], str]
    point: str = ""


class Dialogue:
    """One session's state.

    Attributes:
        name: what the client called itself; empty before EHLO and HELO.
        extended: whether it said EHLO.
        login: who authenticated, or None.
        transaction: the mail transaction, or None.
        expected: what comes next where that is no command.
        handshake: whether a TLS handshake comes next.
        refused_greeting: whether the greeting was a 554 (RFC 5321 §3.1).
        tls: version and cipher, or None.
        replies: how many were given.
        errors: how many of them were 5xx.
        delivered: the numbers of the messages this session brought.
    """

    def __init__(self, configuration: Configuration, number: int) -> None:
        self.configuration = configuration
        self.number = number
        self.tls: tuple[str, str] | None = None
        self.replies = 0
        self.errors = 0
        self.delivered: list[int] = []
        self.refused_greeting = False
        self._occurrences: Counter[str] = Counter()
        self.forget()

    def forget(self) -> None:
        """Everything the client said is forgotten (RFC 3207 §4.2)."""
        self.name = ""
        self.extended = False
        self.login: str | None = None
        self.transaction: Transaction | None = None
        self.expected: Expected | None = None
        self.handshake = False

    def reached(self, point: str) -> Moment:
        """The moment at `point`, reached once more."""
        # Verbs we do not know share one count: their number is the client's to choose.
        known = point if point in self._occurrences or len(self._occurrences) < 64 else ""
        self._occurrences[known] += 1
        return self._moment(point, self._occurrences[known])

    def _moment(self, point: str, occurrence: int) -> Moment:
        sender = str(self.transaction.sender) if self.transaction else None
        shared = self.configuration
        return Moment(
            point,
            occurrence,
            self.number,
            self.replies + 1,
            self.tls is not None,
            self.login,
            sender,
            shared.clock,
            shared.seed,
        )

    @property
    def moment(self) -> Moment:
        """The moment of a question that belongs to no reply."""
        return self._moment("", 0)

    @property
    def capabilities(self) -> Capabilities:
        """What EHLO offers now."""
        shared = self.configuration
        lines = shared.offer.in_clear if self.tls is None else shared.offer.in_tls
        return Capabilities(shared.behaviours.capabilities(lines, self.moment), self.tls is not None)

    @property
    def offered(self) -> Capabilities:
        """What may be used: nothing before EHLO, and nothing after HELO (RFC 5321 §4.1.1.1)."""
        return self.capabilities if self.extended else _NOTHING

    @property
    def size_limit(self) -> int:
        """Octets of content in one message: what SIZE says, within the sandbox's own limit."""
        return min(self.capabilities.size or MAX_MESSAGE, MAX_MESSAGE)
