"""How smtpnb behaves as a guest: defaults that cannot be forgotten, in one place.

What an *address* is: one IP address, whatever its ports and names; it is asked by one connection at a time, and a new
one begins no sooner than a second after the one before. Loopback is this machine itself, where each port is a server
of its own and nobody else is bothered: there an address is (ip, port).
"""

import heapq
import ipaddress
import os
from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from smtpnb.errors import SmtpConnectError
from smtpnb.explore.intrusive import CHECKS
from smtpnb.explore.targets import Target
from smtpnb.protocol.command import Command
from smtpnb.text import plural, visible

#: Seconds between the beginnings of two connections to one address.
INTERVAL: Final = 1.0

#: Public targets that may be asked without `confirm=True`.
UNCONFIRMED: Final = 100

#: Addresses that are remembered at least, until those that may be asked again are forgotten.
_REMEMBERED: Final = 4096

#: How all of Binder's variables begin; BINDER_SERVICE_HOST is always there.
_BINDER: Final = "BINDER_"


def is_loopback(host: str) -> bool:
    """Whether the host is this machine itself: loopback addresses, and the names kept for them (RFC 6761 §6.3)."""
    address = _address(host)
    if address is not None:
        return address.is_loopback
    name = host.removesuffix(".").lower()
    return name == "localhost" or name.endswith(".localhost")


def is_public(host: str) -> bool:
    """Whether the host is somebody else's: no loopback, no private network. A name counts as public."""
    address = _address(host)
    if address is None:
        return not is_loopback(host)
    return not (address.is_private or address.is_loopback or address.is_link_local)


@lru_cache(maxsize=1024)  # a survey comes back to each of its hosts half a dozen times
def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def address_key(ip: str, port: int) -> tuple[str, int]:
    """What counts as one address; see the module. The port is 0 where it makes no difference."""
    return (str(_address(ip) or ip), port if is_loopback(ip) else 0)


# -- what is refused before a byte is sent -----------------------------------------------------------------------


def check_ehlo_name(name: str | None, hosts: Iterable[str]) -> None:
    """Refuses to introduce ourselves as the target, or as "localhost" to others.

    Raises:
        ValueError: such a name.
    """
    if name is None:  # this end's address in brackets, RFC 5321 §4.1.3
        return
    Command("EHLO", name)
    mine = name.strip("[]").removeprefix("IPv6:").removesuffix(".").lower()
    if not mine or any(character.isspace() for character in name):
        raise ValueError("the EHLO name is one word: give this machine's name, or leave it out")
    for host in hosts:
        if mine == host.removesuffix(".").lower() and not is_loopback(host):
            raise ValueError(f"the EHLO name is the target's own, {visible(host)}: that is what impostors say")
        if is_public(host) and is_loopback(mine):
            raise ValueError(
                f"the EHLO name {visible(name)} means nothing to {visible(host)}: give this machine's name"
            )


def check_place(hosts: Iterable[str]) -> None:
    """On Binder, only the sandbox can be asked.

    Raises:
        SmtpConnectError: another target there.
    """
    if not any(name.startswith(_BINDER) for name in os.environ):
        return
    for host in hosts:
        if not is_loopback(host):
            raise SmtpConnectError(
                f"on Binder {visible(host)} cannot be asked; nothing was sent",
                cause="Binder lends its machines to anyone, and lets no mail traffic out of them.",
                advice=("probe the sandbox: probe(Sandbox())", "run the notebook on your own machine: smtpnb lab"),
            )


def check_permission(host: str, checks: Sequence[str], *, permitted: bool) -> None:
    """Intrusive checks: by name, and off loopback and private networks with permission only.

    Raises:
        ValueError: an unknown name, or no permission.
    """
    unknown = sorted(set(checks) - set(CHECKS))
    if isinstance(checks, str) or unknown:
        raise ValueError(f"checks is a list of {', '.join(CHECKS)}; not {checks!r}")
    if checks and is_public(host) and not permitted:
        raise ValueError(
            f"{', '.join(checks)} at {visible(host)} would do more than look: with the owner's permission say "
            "i_have_permission=True"
        )


def plan(targets: Sequence[Target], *, ehlo_name: str | None, max_workers: int) -> str:
    """What will be sent to whom, in words."""
    public = sum(is_public(target.host) for target in targets)
    return (
        f"{plural(len(targets), 'server')}, {public:,} of them public.\n"
        "Each gets one connection with EHLO (or HELO), STARTTLS where it is offered, EHLO, QUIT;\n"
        "no mail, no login, no user names.\n"
        f"This end calls itself {visible(ehlo_name) if ehlo_name else 'by its address'}.\n"
        f"At most {max_workers} connections at once, one at a time and one a second to each address."
    )


def check_confirmed(targets: Sequence[Target], words: str, *, confirm: bool) -> bool:
    """Whether the plan has to be shown: more than a hundred public targets.

    Raises:
        ValueError: that many, and not confirmed.
    """
    public = sum(is_public(target.host) for target in targets)
    if public > UNCONFIRMED and not confirm:
        raise ValueError(f"{words}\nNothing was sent. To go ahead with more than {UNCONFIRMED}: confirm=True")
    return public > UNCONFIRMED


# -- who is next -------------------------------------------------------------------------------------------------


class Pace:
    """Jobs in order, no two at one address at once, none sooner than a second after the one before.

    The clock is the caller's.
    """

    def __init__(self, interval: float = INTERVAL) -> None:
        self._interval = interval
        self._jobs: dict[Hashable, deque[Any]] = {}
        self._due: list[tuple[float, int, Hashable]] = []  # addresses with jobs and no connection
        self._next: dict[Hashable, float] = {}
        self._most = _REMEMBERED
        self._busy: set[Hashable] = set()
        self._count = 0

    def __len__(self) -> int:
        return sum(map(len, self._jobs.values()))

    def __bool__(self) -> bool:
        return bool(self._jobs)

    def add(self, key: Hashable, job: Any) -> None:
        """Takes a job for an address."""
        waiting = self._jobs.get(key)
        if waiting is None:
            self._jobs[key] = deque([job])
            if key not in self._busy:
                self._queue(key)
        else:
            waiting.append(job)

    def not_before(self, key: Hashable, moment: float) -> None:
        """The address was asked already, and is left alone until then."""
        self._next[key] = moment

    def take(self, now: float) -> tuple[Hashable, Any] | None:
        """The next job that may begin, its address busy from now on; None where none may."""
        if not self._due or self._due[0][0] > now:
            return None
        _, _, key = heapq.heappop(self._due)
        jobs = self._jobs[key]
        job = jobs.popleft()
        if not jobs:
            del self._jobs[key]
        self._busy.add(key)
        return key, job

    def done(self, key: Hashable, began: float) -> None:
        """The connection that began then has ended."""
        self._busy.discard(key)
        if len(self._next) >= self._most:  # else a survey of millions would remember each address for ever
            self._next = {each: moment for each, moment in self._next.items() if moment > began}
            self._most = max(_REMEMBERED, 2 * len(self._next))
        self._next[key] = began + self._interval
        if key in self._jobs:
            self._queue(key)

    def wait(self, now: float) -> float | None:
        """Seconds until a job may begin; None where only the end of a connection can bring one."""
        return max(0.0, self._due[0][0] - now) if self._due else None

    def _queue(self, key: Hashable) -> None:
        self._count += 1
        heapq.heappush(self._due, (self._next.get(key, 0.0), self._count, key))
