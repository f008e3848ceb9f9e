r"""The grammar of paths in MAIL and RCPT, as strict as RFC 5321 §4.1.2 and RFC 6531 §3.3 write it.

The names are the RFC's. Two departures: local parts are compared without case, as this server's own mailboxes
are, and `<postmaster>` without a domain is an address of its own (RFC 5321 §4.1.1.3).
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from smtpnb.sandbox.answer import Refusal
from smtpnb.text import encoded

# RFC 6531 §3.3 adds UTF8-non-ascii to atext, qtextSMTP and sub-domain. C1 controls and surrogates are no text.
_UTF8: Final = "\u00a0-\ud7ff\ue000-\U0010ffff"
_ATOM: Final = rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{_UTF8}-]+"
_QUOTED: Final = rf'"(?:[ !#-\[\]-~{_UTF8}]|\\[ -~])*"'
_LOCAL: Final = rf"{_ATOM}(?:\.{_ATOM})*|{_QUOTED}"
# Let-dig [Ldh-str], written so that no text makes the match slow.
_LABEL: Final = rf"[A-Za-z0-9{_UTF8}]+(?:-+[A-Za-z0-9{_UTF8}]+)*"
_DOMAIN: Final = rf"{_LABEL}(?:\.{_LABEL})*"
_MAILBOX: Final = re.compile(rf"(?P<local>{_LOCAL})@(?P<domain>{_DOMAIN}|\[(?P<literal>[!-Z^-~]+)\])")

#: Accepted and ignored (RFC 5321 §3.3, appendix C).
_SOURCE_ROUTE: Final = re.compile(rf"@{_DOMAIN}(?:,@{_DOMAIN})*:")

#: From "<" to the ">" that ends the path: one inside a quoted string does not.
_PATH: Final = re.compile(r'<(?P<inner>(?:"(?:\\.|[^"\\])*"|[^"<>])*)>(?: (?P<rest>.*))?')

# As host names go: the underscore is no Let-dig, but machines in containers and on Windows have it in their names.
_HELO_LABEL: Final = rf"[A-Za-z0-9_{_UTF8}]+(?:-+[A-Za-z0-9_{_UTF8}]+)*"
_HELO_NAME: Final = re.compile(rf"{_HELO_LABEL}(?:\.{_HELO_LABEL})*\.?|\[(?P<literal>[!-Z^-~]+)\]")

#: Octets (RFC 5321 §4.5.3.1.1 to .3).
_MAX_LOCAL, _MAX_DOMAIN, _MAX_PATH = 64, 255, 256


@dataclass(frozen=True, slots=True)
class Address:
    """An address as it was given; the null reverse-path has neither part.

    Attributes:
        local: the local part, quotes included.
        domain: a domain or an address literal in brackets; empty in `<postmaster>` and `<>`.
    """

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}" if self.domain else self.local

    @property
    def key(self) -> tuple[str, str]:
        """What equal addresses have in common: unquoted local part and domain, without case."""
        local = self.local
        if local.startswith('"'):  # RFC 5321 §4.1.2: "joe"@x and joe@x are the same mailbox
            local = re.sub(r"\\(.)", r"\1", local[1:-1])
        return local.casefold(), self.domain.casefold()


NULL: Final = Address("", "")

#: What is wrong with an argument that holds no path, the first that fits: (what it looks like, what to say).
_HINTS: Final = (
    (re.compile(r"(?:FROM|TO) +:", re.IGNORECASE), "No space before the colon"),
    (re.compile(r"(?:FROM|TO): +", re.IGNORECASE), "No space behind the colon"),
    (re.compile(r"(?:FROM|TO):[^<]", re.IGNORECASE), "An address goes in angle brackets"),
    (re.compile(r"(?:FROM|TO):<[^>]*>[^ ]", re.IGNORECASE), "A space goes between the path and its parameters"),
)


def split(argument: str, keyword: str, syntax: str) -> tuple[str, str]:
    """The inside of the path, and the parameters behind it.

    Args:
        argument: what followed the verb, such as `FROM:<alice@example.org> SIZE=10`.
        keyword: `FROM` or `TO`.
        syntax: the command's syntax, for the refusal.

    Raises:
        Refusal: 501 5.5.2, with the likely slip.
    """
    head, path = argument[: len(keyword) + 1], argument[len(keyword) + 1 :]
    match = _PATH.fullmatch(path) if head.upper() == f"{keyword}:" else None
    if match is None:
        slips = (hint for slip, hint in _HINTS if slip.match(argument))
        raise Refusal(501, "5.5.2", f"{next(slips, 'Syntax error')}: {syntax}")
    return match["inner"], match["rest"] or ""


def parsed(inner: str, status: str) -> Address:
    """The address inside a path: a mailbox, with or without a source route.

    Args:
        inner: what stood between the angle brackets.
        status: the enhanced status code of a refusal: 5.1.7 for a sender, 5.1.3 for a recipient (RFC 3463 §3.2).

    Raises:
        Refusal: 501, it is no mailbox, or too long.
    """
    route = _SOURCE_ROUTE.match(inner)
    mailbox = inner[route.end() :] if route else inner
    match = _MAILBOX.fullmatch(mailbox)
    if match is None or not _is_literal(match["literal"]):
        raise Refusal(501, status, "Not an address: local-part@domain is expected")
    too_long = (
        len(encoded(match["local"])) > _MAX_LOCAL
        or len(encoded(match["domain"])) > _MAX_DOMAIN
        or len(encoded(inner)) + 2 > _MAX_PATH
    )
    if too_long:
        raise Refusal(501, status, "Address too long: 64 octets for the local part, 255 for the domain, 256 in all")
    return Address(match["local"], match["domain"])


def address(text: str) -> Address | None:
    """The address that `text` is, in angle brackets or bare; None where it is none."""
    inner = text[1:-1] if text.startswith("<") and text.endswith(">") else text
    try:
        return parsed(inner, "5.1.3")
    except Refusal:
        return None


def helo_name(text: str) -> bool:
    """Whether `text` may stand behind EHLO: a domain or an address literal (RFC 5321 §4.1.1.1)."""
    match = _HELO_NAME.fullmatch(text)
    return match is not None and len(encoded(text)) <= _MAX_DOMAIN and _is_literal(match["literal"])


def _is_literal(literal: str | None) -> bool:
    """Whether the inside of brackets is an address literal (RFC 5321 §4.1.3); None, where there were none, is fine."""
    if literal is None:
        return True
    tag, colon, rest = literal.partition(":")
    try:
        if not colon:
            ipaddress.IPv4Address(literal)
        elif tag.upper() == "IPV6":
            ipaddress.IPv6Address(rest)
    except ValueError:
        return False
    return bool(rest or not colon)
