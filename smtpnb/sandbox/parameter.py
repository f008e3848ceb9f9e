"""The parameters of MAIL and RCPT: which extension brings each, and what values it takes.

RFC 1870 (SIZE), 6152 and 3030 (BODY), 6531 (SMTPUTF8), 4954 §5 (AUTH), 3461 §4 (RET, ENVID, NOTIFY, ORCPT). A
parameter whose extension was not offered is unknown: 555 (RFC 5321 §4.1.1.11).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from smtpnb.protocol.capabilities import Capabilities
from smtpnb.sandbox.address import address
from smtpnb.sandbox.answer import Refusal

#: What a value must satisfy: True where it is good.
Check = Callable[[str], bool]

# RFC 5321 §4.1.2: esmtp-keyword ["=" esmtp-value]; RFC 6531 §3.3 lets UTF-8 into values.
_PARAMETER: Final = re.compile(
    "(?P<keyword>[A-Za-z0-9][A-Za-z0-9-]*)(?:=(?P<value>[!-<>-~\u00a0-\ud7ff\ue000-\U0010ffff]+))?"
)

# RFC 3461 §4: xtext is printable ASCII but "+" and "=", and "+" with two upper-case hexadecimal digits.
_XTEXT: Final = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter.

    Attributes:
        extension: the EHLO keyword that offers it.
        check: whether a value is good; None where the parameter takes no value.
        values: what values there are, for the refusal.
    """

    extension: str
    check: Check | None
    values: str


def unhexed(xtext: str) -> str:
    """The text that xtext stands for (RFC 3461 §4)."""
    return re.sub(r"\+([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), xtext)


def _is_xtext(value: str) -> bool:
    return _XTEXT.fullmatch(value) is not None


def _is_number(value: str) -> bool:
    return re.fullmatch(r"[0-9]{1,20}", value) is not None


def _is_auth(value: str) -> bool:
    return value == "<>" or (_is_xtext(value) and address(unhexed(value)) is not None)


def _is_envid(value: str) -> bool:
    return len(value) <= 100 and _is_xtext(value)  # RFC 3461 §4.4


def _is_notify(value: str) -> bool:
    conditions = value.upper().split(",")
    known = set(conditions) <= {"SUCCESS", "FAILURE", "DELAY"} and len(set(conditions)) == len(conditions)
    return known or conditions == ["NEVER"]  # RFC 3461 §4.1: NEVER stands alone


def _is_orcpt(value: str) -> bool:
    kind, semicolon, original = value.partition(";")
    return (
        bool(semicolon and original)
        and len(value) <= 500
        and re.fullmatch(r"[A-Za-z0-9-]+", kind) is not None
        and _is_xtext(original)
    )


def _among(*values: str) -> Check:
    return lambda value: value.upper() in values


MAIL: Final[Mapping[str, Parameter]] = {
    "SIZE": Parameter("SIZE", _is_number, "a number of octets"),
    "BODY": Parameter("8BITMIME", _among("7BIT", "8BITMIME", "BINARYMIME"), "7BIT or 8BITMIME"),
    "SMTPUTF8": Parameter("SMTPUTF8", None, ""),
    "AUTH": Parameter("AUTH", _is_auth, "<> or an address in xtext"),
    "RET": Parameter("DSN", _among("FULL", "HDRS"), "FULL or HDRS"),
    "ENVID": Parameter("DSN", _is_envid, "up to 100 characters of xtext"),
}
RCPT: Final[Mapping[str, Parameter]] = {
    "NOTIFY": Parameter("DSN", _is_notify, "NEVER alone, or some of SUCCESS,FAILURE,DELAY"),
    "ORCPT": Parameter("DSN", _is_orcpt, "an address type, a semicolon and xtext, such as rfc822;bob@example.org"),
}


def read(text: str, known: Mapping[str, Parameter], offered: Capabilities) -> dict[str, str]:
    """The parameters by keyword in capitals, "" for one without a value.

    Args:
        text: what followed the path.
        known: `MAIL` or `RCPT`.
        offered: what EHLO offered; empty after HELO.

    Raises:
        Refusal: 501 5.5.4 for a malformed or repeated one, 555 5.5.4 for one that is unknown.
    """
    parameters: dict[str, str] = {}
    for word in text.split(" ") if text else ():
        match = _PARAMETER.fullmatch(word)
        if match is None:
            raise Refusal(501, "5.5.4", "A parameter is KEYWORD or KEYWORD=value, one space before it")
        keyword, value = match["keyword"].upper(), match["value"]
        if keyword in parameters:
            raise Refusal(501, "5.5.4", f"{keyword} is given twice")
        _check(keyword, value, known, offered)
        parameters[keyword] = value or ""
    return parameters


def _check(keyword: str, value: str | None, known: Mapping[str, Parameter], offered: Capabilities) -> None:
    parameter = known.get(keyword)
    if parameter is None or parameter.extension not in offered:
        raise Refusal(555, "5.5.4", f"{keyword} is no parameter that this server offers here")
    if parameter.check is None:
        if value is not None:
            raise Refusal(501, "5.5.4", f"{keyword} takes no value")
    elif value is None or not parameter.check(value):
        raise Refusal(501, "5.5.4", f"{keyword} is {parameter.values}")
    if keyword == "BODY" and value and value.upper() == "BINARYMIME" and "BINARYMIME" not in offered:
        raise Refusal(555, "5.5.4", "BODY=BINARYMIME is not offered here")  # RFC 3030 §3


def as_given(text: str) -> tuple[str, ...]:
    """The parameters one by one, as the client wrote them."""
    return tuple(text.split())
