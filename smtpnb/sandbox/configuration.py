"""What all sessions of one sandbox share, checked once, when it is made."""

from dataclasses import dataclass, field
from typing import Final

from smtpnb.sandbox.behaviour import Behaviours
from smtpnb.sandbox.clock import Clock
from smtpnb.sandbox.directory import Directory
from smtpnb.sandbox.disclosure import EXPN, VRFY, Disclosure
from smtpnb.sandbox.kinds import fields_of_kind
from smtpnb.sandbox.mailbox import Mailbox
from smtpnb.sandbox.offer import Offer

#: What the sandbox calls itself; it never says the machine's name.
HOSTNAME: Final = "sandbox.example"

#: Recipients in one mail transaction: what RFC 5321 §4.5.3.1.8 asks for at least.
MAX_RECIPIENTS: Final = 100

#: Refusals (5xx) in one session, before 421: a lesson full of mistakes fits, an endless one does not.
MAX_ERRORS: Final = 100


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """How every session of a sandbox goes.

    Attributes:
        directory: who lives here.
        offer: what EHLO offers.
        vrfy: how much VRFY tells, of whom.
        expn: how much EXPN tells, of which list.
        behaviours: what this server does differently.
        lax_end_of_data: takes bare LF around the lone dot too, as servers open to smuggling do.
        strict_8bit: refuses 8-bit content that came without BODY=8BITMIME (554 5.6.3).
        max_errors: refusals in one session before 421.
        max_recipients: recipients in one mail transaction before 452.
        hostname: what the server calls itself.
        seed: for behaviours that toss coins.
        mailbox: where messages go.
        clock: the virtual clock.

    Raises:
        TypeError: a field of the wrong kind.
        ValueError: a limit below 1.
    """

    directory: Directory = field(default_factory=Directory)
    offer: Offer = field(default_factory=Offer)
    vrfy: Disclosure = field(default_factory=lambda: Disclosure("verify", VRFY, "vrfy"))
    expn: Disclosure = field(default_factory=lambda: Disclosure("show", EXPN, "expn"))
    behaviours: Behaviours = field(default_factory=Behaviours)
    lax_end_of_data: bool = False
    strict_8bit: bool = False
    max_errors: int = MAX_ERRORS
    max_recipients: int = MAX_RECIPIENTS
    hostname: str = HOSTNAME
    seed: int = 0
    mailbox: Mailbox = field(default_factory=Mailbox)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        fields_of_kind(self)
        for name in ("max_errors", "max_recipients"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is a number from 1, not {getattr(self, name)!r}")
