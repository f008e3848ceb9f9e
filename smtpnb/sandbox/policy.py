# ruff: noqa: ARG002 - a hook takes what the others need
"""What well-run servers do differently from an open teaching server: they ask for TLS, for a login, for patience."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

from smtpnb.sandbox.address import Address, address
from smtpnb.sandbox.answer import Answer, answer
from smtpnb.sandbox.behaviour import Behaviour, Moment
from smtpnb.sandbox.clock import Clock
from smtpnb.sandbox.directory import DOMAIN, Directory
from smtpnb.sandbox.fault import Delays, GreetsAs
from smtpnb.sandbox.kinds import mapping
from smtpnb.sandbox.offer import Offer
from smtpnb.sandbox.suggestion import one_of

#: RFC 3207 §4: all that may be said before TLS where TLS is required.
_BEFORE_TLS: Final = frozenset({"CONNECT", "CONTENT", "EHLO", "NOOP", "STARTTLS", "QUIT"})

#: RFC 4954 §6: all that may be said before AUTH where AUTH is required.
_BEFORE_AUTH: Final = frozenset({"CONNECT", "CONTENT", "EHLO", "HELO", "NOOP", "RSET", "QUIT", "STARTTLS", "AUTH"})

#: What a server says of a mechanism it does not let pass (RFC 4954 §6, RFC 5248).
MECHANISM_REFUSALS: Final = {
    432: answer(432, "4.7.12", "A password transition is needed"),
    454: answer(454, "4.7.0", "Temporary authentication failure"),
    534: answer(534, "5.7.9", "This mechanism is too weak"),
    535: answer(535, "5.7.8", "Authentication credentials invalid"),
    538: answer(538, "5.7.11", "Encryption is required for this mechanism"),
}

#: What a server says of a mailbox without room (RFC 5321 §4.2.3, RFC 3463 §3.3).
FULL: Final = {
    452: answer(452, "4.2.2", "Mailbox full, try again later"),
    552: answer(552, "5.2.2", "Mailbox full"),
}

#: For whom mail to other domains is taken.
RELAY: Final = ("open", "authenticated", "denied")


@dataclass(frozen=True, kw_only=True)
class RequiresTls(Behaviour):
    """530 5.7.0 to nearly everything before STARTTLS (RFC 3207 §4)."""

    def before(self, moment: Moment, argument: str) -> Answer | None:
        """530, in the clear."""
        if moment.secure or moment.point in _BEFORE_TLS:
            return None
        return answer(530, "5.7.0", "Must issue a STARTTLS command first")


@dataclass(frozen=True, kw_only=True)
class RequiresAuth(Behaviour):
    """530 5.7.0 to nearly everything before AUTH (RFC 4954 §6)."""

    def before(self, moment: Moment, argument: str) -> Answer | None:
        """530, before a login."""
        if moment.authenticated_as is not None or moment.point in _BEFORE_AUTH:
            return None
        return answer(530, "5.7.0", "Authentication required")


@dataclass(frozen=True, kw_only=True)
class RefusesMechanism(Behaviour):
    """A mechanism that is offered and then refused: 534 too weak, 538 only in TLS, 454 not now (RFC 4954 §6).

    Args:
        mechanism: such as `PLAIN`.
        code: one of `MECHANISM_REFUSALS`.

    Raises:
        ValueError: no such code.
    """

    mechanism: str
    code: int = 534

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.code not in MECHANISM_REFUSALS:
            raise ValueError(f"a mechanism is refused with {sorted(MECHANISM_REFUSALS)}, not {self.code!r}")

    def before(self, moment: Moment, argument: str) -> Answer | None:
        """The refusal; 538 only in the clear."""
        if moment.point != "AUTH" or argument.upper() != self.mechanism.upper() or (self.code == 538 and moment.secure):
            return None
        return MECHANISM_REFUSALS[self.code]


@dataclass(frozen=True, kw_only=True)
class Relays(Behaviour):
    """Whose mail to other domains is taken: everybody's, a login's, nobody's (550 5.7.1).

    Args:
        directory: tells which domains are not others.
        who: one of `RELAY`.
    """

    directory: Directory = field(repr=False)
    who: str = "authenticated"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of(self.who, RELAY, "the relay policy")

    def recipient(self, at: Address, moment: Moment) -> Answer | None:
        """550 for an address elsewhere."""
        allowed = self.who == "open" or (self.who == "authenticated" and moment.authenticated_as is not None)
        return None if allowed or self.directory.is_local(at) else answer(550, "5.7.1", "Relaying denied")


@dataclass(frozen=True, kw_only=True)
class MailboxFull(Behaviour):
    """A mailbox without room: 452 4.2.2 for a while, or 552 5.2.2 for good.

    Args:
        mailbox: its address; without a domain, at example.org.
        code: 452 or 552.

    Raises:
        ValueError: no address, or no such code.
    """

    mailbox: str
    code: int = 452

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.code not in FULL:
            raise ValueError(f"a full mailbox is {sorted(FULL)}, not {self.code!r}")
        if self._address() is None:
            raise ValueError(f"{self.mailbox!r} is no address: write 'carol' or 'carol@example.org'")

    def recipient(self, at: Address, moment: Moment) -> Answer | None:
        """The refusal, for that mailbox."""
        full = self._address()
        return FULL[self.code] if full is not None and at.key == full.key else None

    def _address(self) -> Address | None:
        return address(self.mailbox if "@" in self.mailbox else f"{self.mailbox}@{DOMAIN}")


@dataclass(frozen=True, kw_only=True)
class Greylists(Behaviour):
    """451 4.7.1 for a sender and recipient never seen together, until the delay has passed (RFC 6647).

    Args:
        delay: virtual seconds, which `sandbox.clock.advance` lets pass.
    """

    delay: float = 300.0
    # By clock, which each sandbox has its own of: the same behaviour in two sandboxes knows two worlds.
    _seen: WeakKeyDictionary[Clock, dict[tuple[str, tuple[str, str]], float]] = field(
        default_factory=WeakKeyDictionary, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.delay < float("inf"):
            raise ValueError(f"greylisting delays by a number of seconds above 0, not {self.delay!r}")

    def recipient(self, at: Address, moment: Moment) -> Answer | None:
        """451, before the delay has passed."""
        pair = ((moment.sender or "").casefold(), at.key)
        seen = self._seen.setdefault(moment.clock, {})
        if pair not in seen and len(seen) >= 10_000:
            return None  # a client that makes up senders must not fill the memory
        first = seen.setdefault(pair, moment.clock.now)
        if moment.clock.now - first >= self.delay:
            return None
        return answer(451, "4.7.1", f"Greylisted, try again in {self.delay - (moment.clock.now - first):g} seconds")


@dataclass(frozen=True, kw_only=True)
class Policies:
    """The options of `Sandbox` that are behaviours; it documents them.

    Raises:
        TypeError: one of the wrong kind.
        ValueError: an impossible one.
    """

    require_tls: bool = False
    require_auth: bool = False
    refused_mechanisms: Mapping[str, int] = field(default_factory=dict)
    relay: str = "open"
    full_mailboxes: Mapping[str, int] = field(default_factory=dict)
    greylisting: float = 0.0
    latency: float = 0.0
    greeting: str | None = None

    def behaviours(self, directory: Directory, offer: Offer) -> Iterator[Behaviour]:
        """The behaviours, in the order in which they are asked."""
        if self.greeting is not None:
            yield GreetsAs(protocol=self.greeting)
        if self.require_tls:
            yield RequiresTls()
        if self.require_auth:
            yield RequiresAuth()
        for mechanism, code in mapping(self.refused_mechanisms, "refused_mechanisms").items():
            one_of(mechanism.upper(), offer.mechanisms, "the mechanism")
            yield RefusesMechanism(mechanism=mechanism, code=code)
        if one_of(self.relay, RELAY, "the relay policy") != "open":
            yield Relays(directory=directory, who=self.relay)
        for mailbox, code in mapping(self.full_mailboxes, "full_mailboxes").items():
            known = {text for box in directory.mailboxes for text in (box.address.local, str(box.address))}
            one_of(mailbox.casefold(), map(str.casefold, known), "the mailbox")
            yield MailboxFull(mailbox=mailbox, code=code)
        if self.greylisting != 0:
            yield Greylists(delay=self.greylisting)
        if self.latency != 0:
            yield Delays(seconds=self.latency)
