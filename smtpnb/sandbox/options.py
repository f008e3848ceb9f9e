"""The options of `Sandbox`, which documents them: from what a user wrote to a `Configuration`, or to a plain refusal.

Every mistake is told here, before anything listens: a name that does not exist, a value of another kind, options
that contradict each other, people who are nowhere.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from smtpnb.sandbox.behaviour import Behaviour, Behaviours
from smtpnb.sandbox.configuration import Configuration
from smtpnb.sandbox.contradiction import refuse_contradictions, refuse_dead_ends
from smtpnb.sandbox.directory import Directory
from smtpnb.sandbox.disclosure import EXPN, VRFY, Disclosure
from smtpnb.sandbox.kinds import of_kind
from smtpnb.sandbox.offer import Offer
from smtpnb.sandbox.policy import Policies
from smtpnb.sandbox.suggestion import did_you_mean

#: The parameter of `Sandbox` that catches names that are no option.
MISSPELT: Final = "misspelt"

#: The highest port (RFC 9293 §3.1: 16 bits).
_MAX_PORT: Final = 65_535


class Options:
    """The options as they were given, each of its kind.

    Args:
        sandbox: the class whose constructor took them.
        given: all by name; the passwords among them closed.

    Raises:
        TypeError: an option that does not exist, or of the wrong kind.
        ValueError: options of which one would have no say.
    """

    def __init__(self, sandbox: Callable[..., Any], given: Mapping[str, Any]) -> None:
        parameters = {name: p for name, p in inspect.signature(sandbox).parameters.items() if name != MISSPELT}
        for name in given[MISSPELT]:
            raise TypeError(f"Sandbox has no option {name!r}{did_you_mean(name, parameters)}")
        for name, parameter in parameters.items():
            of_kind(given[name], parameter.annotation, name)
        #: All by name.
        self.all: dict[str, Any] = {name: _kept(given[name]) for name in parameters}
        #: Those that are not the usual ones.
        self.unusual = {n: value for n, value in self.all.items() if _differs(value, parameters[n].default)}
        refuse_contradictions(self.unusual.keys(), self.all)
        _refuse_port(self.all["port"])

    def configuration(self) -> Configuration:
        """What all sessions share.

        Raises:
            TypeError: an option of the wrong kind.
            ValueError: an option that is impossible.
        """
        told = self.all
        directory = Directory(*(told[name] for name in ("users", "mailboxes", "lists", "forwards", "moved")))
        vrfy, expn = Disclosure(told["vrfy"], VRFY, "vrfy"), Disclosure(told["expn"], EXPN, "expn")
        for disclosure in (vrfy, expn):
            disclosure.check(directory)
        offer = self._offer(vrfy, expn)
        refuse_dead_ends(offer, self.unusual.keys(), told)
        same = ("lax_end_of_data", "strict_8bit", "max_errors", "max_recipients", "seed")
        return Configuration(
            directory=directory,
            offer=offer,
            vrfy=vrfy,
            expn=expn,
            behaviours=Behaviours([*self._policies().behaviours(directory, offer), *_behaviours(told["behaviours"])]),
            **{name: told[name] for name in same},
        )

    def _offer(self, vrfy: Disclosure, expn: Disclosure) -> Offer:
        told = self.all
        if told["extensions"] is not None:
            return Offer.exactly(told["extensions"], told["extensions_in_tls"])
        off = {"VRFY": vrfy.off, "EXPN": expn.off, "STARTTLS": told["in_memory"],
               "ENHANCEDSTATUSCODES": not told["enhanced_codes"]}  # fmt: skip
        usual = Offer.usual(
            size=told["size"],
            mechanisms=told["mechanisms"],
            mechanisms_in_tls=told["mechanisms_in_tls"],
            without={keyword for keyword, is_off in off.items() if is_off},
        )
        inside = told["extensions_in_tls"]
        return usual if inside is None else Offer.exactly(usual.in_clear, inside)

    def _policies(self) -> Policies:
        told = self.all
        same = ("require_tls", "require_auth", "relay", "greylisting", "latency", "greeting")
        mappings = {name: {} if told[name] is None else told[name] for name in ("refused_mechanisms", "full_mailboxes")}
        return Policies(**mappings, **{name: told[name] for name in same})


def _kept(value: Any) -> Any:
    """What can be read more than once: the options are shown, and told to the panel, after they were used."""
    return tuple(value) if isinstance(value, Iterator) else value


def _differs(value: Any, usual: Any) -> bool:
    return bool(tuple(value) != usual if isinstance(usual, tuple) and isinstance(value, list) else value != usual)


def _behaviours(given: Any) -> tuple[Behaviour, ...]:
    if isinstance(given, Behaviour):
        raise TypeError(f"behaviours is a list: write behaviours=[{given}]")
    try:
        return tuple(given)
    except TypeError:
        raise TypeError(f"behaviours is a list of them, not {type(given).__name__}") from None


def _refuse_port(port: int) -> None:
    if not 0 <= port <= _MAX_PORT:
        raise ValueError(f"a port is 1 to {_MAX_PORT}, or 0 for a free one, not {port}")
