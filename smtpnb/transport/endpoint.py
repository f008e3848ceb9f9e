"""Where to connect: a host and a port, checked before anything is looked up."""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from smtpnb.text import visible

# Letters, digits, hyphen and (seen in the field) underscore; RFC 1123 §2.1, RFC 1035 §2.3.4.
_LABEL: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_HOST_PORT: Final = re.compile(r"[^:]+:[0-9]+|\[[^]]+\]:[0-9]+")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host and a port that can be connected to.

    Attributes:
        host: as the user gave it, without brackets.
        name: the same for the network: an ASCII name, or an IP address.
        port: 1 to 65535.
        literal: whether the host is an IP address.
        label: what to call it where it is shown; empty for host and port. The sandbox's port is the system's choice
            and would make the same cell give another output.
    """

    host: str
    name: str
    port: int
    literal: bool
    label: str = ""

    @property
    def shown(self) -> str:
        """The endpoint for people."""
        return visible(self.label or f"{self.host} port {self.port}")

    @classmethod
    def of(cls, host: str, port: int, label: str = "") -> "Endpoint":
        """The endpoint for a name, an international name, or an IPv4/IPv6 literal (brackets may stand around it).

        Raises:
            ValueError: a URL, a port in the host, an empty or impossible name, a port out of range.
            TypeError: a host that is no text, a port that is no integer.
        """
        _check_types(host, port)
        return _endpoint(host, port, label)


def checked_source(source: tuple[str, int] | None) -> tuple[str, int] | None:
    """(ip, port) to connect from, checked.

    Raises:
        ValueError: no IP address, or a port out of range; port 0 lets the system choose.
        TypeError: it is no such pair.
    """
    if source is None:
        return None
    match source:
        case (str(ip), int(port)) if not isinstance(port, bool):
            pass
        case _:
            raise TypeError("source_address is (ip, port), such as ('192.0.2.7', 0)")
    if not _address(ip) or not 0 <= port <= 65535:
        raise ValueError(f"source_address is an IP address of this machine and a port of 0 to 65535, not {source!r}")
    return ip, port


@lru_cache(maxsize=1024)  # a survey comes back to each of its hosts half a dozen times
def _endpoint(host: str, port: int, label: str) -> Endpoint:
    bare, name, literal = _read(host)
    return Endpoint(bare, name, port, literal, label)


def _check_types(host: object, port: object) -> None:
    if not isinstance(host, str):
        raise TypeError(f"the host is str, not {type(host).__name__}")
    if not isinstance(port, int) or isinstance(port, bool):
        raise TypeError(f"the port is int, such as 25 or 587, not {type(port).__name__}")
    if not 1 <= port <= 65535:
        raise ValueError(f"the port is 1 to 65535, not {port}: SMTP listens on 25, submission on 587 and 465")


def _read(host: str) -> tuple[str, str, bool]:
    """`host` without brackets, for the network, and whether it is an IP address."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    address = _address(bare)
    if not address:
        _check_host(host)
    return bare, address or _ascii(bare), bool(address)


def _check_host(host: str) -> None:
    if not host.strip():
        raise ValueError("the host is empty: give a name such as 'mail.example.org', or an IP address")
    if "://" in host or "/" in host:
        raise ValueError(f"{host!r} is a URL, not a host: give the name alone, such as 'mail.example.org'")
    if "@" in host:
        raise ValueError(f"{host!r} is a mail address, not a host: give the name of its mail server")
    if _HOST_PORT.fullmatch(host):
        raise ValueError(f"{host!r} holds a port: give it as an argument of its own, such as SmtpClient('host', 587)")


def _address(host: str) -> str:
    """`host` as an IP address in its usual form, or an empty string."""
    bare, percent, scope = host.partition("%")  # fe80::1%eth0, RFC 4007 §11
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return ""
    if percent and (address.version == 4 or not re.fullmatch(r"[\w.~-]+", scope, re.ASCII)):
        return ""
    return f"{address}{percent}{scope}"


def _ascii(host: str) -> str:
    """`host` for the DNS: A-labels by IDNA 2008 with the mapping of UTS 46."""
    name = host if host.isascii() else _alabels(host)
    labels = name.removesuffix(".").split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{host!r} is no host name: labels of 1 to 63 letters, digits and hyphens, joined by dots")
    if labels[-1].isdigit():
        raise ValueError(f"{host!r} is no host name and no IP address: an IPv4 address has four numbers of 0 to 255")
    return name


def _alabels(host: str) -> str:
    import idna  # noqa: PLC0415 - its tables are large, and few hosts need them

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(f"{host!r} is no international host name: {error}") from None
