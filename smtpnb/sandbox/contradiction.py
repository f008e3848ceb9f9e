"""Options of a sandbox that cannot stand together: what would be ignored, or would leave a server that lets nobody in.

Told when the sandbox is made, with what to leave out: a lesson on a server that is not what its options say
teaches the wrong thing.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from smtpnb.sandbox.offer import Offer

#: What a script leaves in force; all else would have no say.
_BESIDE_SCRIPT: Final = frozenset({"script", "certificate", "host", "port", "implicit_tls", "in_memory", "seed"})

#: What asks for TLS or for a socket, and what there is neither of in memory.
_NOT_IN_MEMORY: Final = frozenset(
    {"require_tls", "implicit_tls", "certificate", "mechanisms_in_tls", "extensions_in_tls", "host", "port"}
)

#: What `extensions`, being exact, says itself.
_IN_EXTENSIONS: Final = frozenset({"size", "mechanisms", "mechanisms_in_tls"})


def refuse_contradictions(given: AbstractSet[str], values: Mapping[str, Any]) -> None:
    """Refuses options of which one would silently have no say.

    Args:
        given: the names of those that are not the usual ones.
        values: all by name.

    Raises:
        ValueError: there are some; the message says what to leave out.
    """
    if "script" in given and (rest := given - _BESIDE_SCRIPT):
        raise ValueError(f"a scripted server does what the script says: leave out script, or {_names(rest)}")
    if values["in_memory"] and (rest := given & _NOT_IN_MEMORY):
        raise ValueError(f"in memory there is neither TLS nor a port: leave out in_memory, or {_names(rest)}")
    if "extensions" in given and (rest := given & _IN_EXTENSIONS):
        raise ValueError(
            "extensions are exactly the EHLO lines, such as ['SIZE 1000', 'AUTH PLAIN']: "
            f"say it there, or leave out extensions, or {_names(rest)}"
        )
    if {"extensions_in_tls", "mechanisms_in_tls"} <= given:
        raise ValueError("extensions_in_tls are exactly the EHLO lines in TLS: leave out mechanisms_in_tls, or them")


def refuse_dead_ends(offer: Offer, given: AbstractSet[str], values: Mapping[str, Any]) -> None:
    """Refuses a server that asks for what it lets nobody do.

    Raises:
        ValueError: it does.
    """
    starts_tls = any(line.upper() == "STARTTLS" for line in offer.in_clear)
    if values["require_tls"] and not values["implicit_tls"] and not starts_tls:
        raise ValueError("require_tls asks for STARTTLS, which is not among the extensions: nobody could say anything")
    if values["require_auth"] and not offer.mechanisms:
        raise ValueError("require_auth asks for a login, and no mechanism is offered: give mechanisms=['PLAIN'], say")
    if "script" not in given and "certificate" in given and not (starts_tls or values["implicit_tls"]):
        raise ValueError("a certificate is shown in TLS alone: put STARTTLS among the extensions, or leave it out")
    keyword = "ENHANCEDSTATUSCODES"
    if not values["enhanced_codes"] and keyword in map(str.upper, (*offer.in_clear, *offer.in_tls)):
        raise ValueError(f"enhanced_codes is off, and {keyword} is among the extensions: leave out one of them")


def _names(names: AbstractSet[str]) -> str:
    return ", ".join(sorted(names))
