"""The text of a 334 reply in words: what the server asks for, told from its base64 (RFC 4954 §4).

Only prompts that are known by heart are spelt out. Of any other challenge its kind is told and not a character of it:
a hostile server that has seen a password could put it there in a disguise that no redaction knows.
"""

import re
from typing import Final

from smtpnb.protocol import sasl

#: What servers put into the prompts of LOGIN, in lower case; no standard has them.
_NAME: Final = ("username:", "user name", "username", "user name:", "login:", "user:")
_PASSWORD: Final = ("password:", "password", "pass:")
_SCRAM: Final = re.compile(rb"r=[!-+\--~]+,s=[A-Za-z0-9+/=]+,i=[0-9]{1,9}(,.*)?")
_ANGLE: Final = re.compile(rb"<[!-;=?-~]+>")


def told(text: str) -> str:
    """What the challenge asks for, one sentence.

    Args:
        text: the text of the 334 reply, whatever it holds.
    """
    if not text.strip():
        return "The challenge is empty: the mechanism wants the client to speak first."
    octets = sasl.challenge(text)
    if octets is None or len(text.strip()) % 4:  # Python's decoder lets a "=" too many through
        return "This is no proper base64, so the standard wants the login cancelled with a lone *."
    return _prompt(octets) or _kind(octets)


def _prompt(octets: bytes) -> str:
    # Up to a NUL, which some servers put behind the word.
    said = octets.partition(b"\0")[0].decode("ascii", "replace")
    if said.strip().lower() in _NAME:
        return f"In base64 this says “{said.strip()}”: it asks for the user name."
    if said.strip().lower() in _PASSWORD:
        return f"In base64 this says “{said.strip()}”: it asks for the password."
    return ""


def _kind(octets: bytes) -> str:
    if _ANGLE.fullmatch(octets):
        return "In base64 this is a text in angle brackets, as CRAM-MD5 has: the client hashes it with the password."
    if _SCRAM.fullmatch(octets):
        return "In base64 this is SCRAM's first answer: a nonce, a salt and a number of rounds."
    if octets.startswith(b"{") and octets.endswith(b"}"):
        return "In base64 this is JSON, as servers that refuse an OAuth token send: answer with an empty line."
    return f"In base64 this is a challenge of {len(octets):,} octets, which only the mechanism can read."
