"""The exercises of notebook 04: the token of AUTH PLAIN made and read, and AUTH LOGIN by hand."""

import base64
import binascii
from typing import Any, Final

from smtpnb.exercises.exercise import Exercise
from smtpnb.exercises.judging import Case, function, value
from smtpnb.exercises.running import Run, shown
from smtpnb.exercises.seen import begun, exchanges

_PEOPLE: Final = (
    ("tim", "tanstaaftanstaaf"),  # RFC 4616 §4
    ("Kurt", "xipj3plmq", "Ursel"),  # likewise, with an authorization identity
    ("zoë", "Grüße, 世界"),
    ("bob", "a b\tc"),
    ("ann", "??>>~~"),  # where the two alphabets of base64 differ
    ("list-owner@example.org", "x" * 60),  # longer than a line of MIME
)


def _token(login: str, password: str, authzid: str = "", *, form: str = "{z}\0{c}\0{p}", charset: str = "utf-8") -> str:
    message = form.format(z=authzid, c=login, p=password)
    return base64.b64encode(message.encode(charset)).decode()


_plain_token = function(
    "plain_token",
    [Case(person, _token(*person)) for person in _PEOPLE],
    [
        (lambda c, p, z="": _token(c, p, z, form="{c}\0{p}"),
         "The leading NUL is missing. There are three fields, and the first, whom to act for, is mostly empty."),
        (lambda c, p, z="": _token(c, p, z, form="{z}\0{c}\0{p}" if z else "{c}\0{p}"),
         "Where there is nobody to act for, the leading NUL is missing. The field is empty then, and its NUL stays."),
        (lambda c, p, z="": _token(c, p, z, form="{z}\0{p}\0{c}"), "The order is authzid, login, password."),
        (lambda c, p, z="": _token(c, p, z, form="\0{c}\0{p}"),
         "The authzid is never used. It comes first, before the first NUL."),
        (lambda c, p, z="": _token(c, p, z, form="{z}:{c}:{p}"), "The fields are parted by NUL (one octet of zero bits), not by colons."),
        (lambda c, p, z="": _token(c, p, z, form="{c}:{p}"),
         "Login, colon, password is HTTP's way. Here it is authzid NUL login NUL password."),
        (lambda c, p, z="": _token(c, p, z, form="{z}\0{c}\0{p}\0"), "There are two NULs, between three fields; none at the end."),
        (lambda c, p, z="": _token(c, p, z, form="{c}\0{z}\0{p}"), "The order is authzid, login, password."),
        (lambda c, p, z="": _token(c, p, z, form="{c}\0{c}\0{p}"),
         "The login stands in both places. Some servers take that; the first field is whom to act *for*, and mostly empty."),
        (lambda c, p, z="": _token(c, p, z).encode(), "That is bytes. The token is text in base64: add .decode()."),
        (lambda c, p, z="": base64.encodebytes(f"{z}\0{c}\0{p}".encode()).decode(),
         "There are line ends in the token: encodebytes is for MIME. Use base64.b64encode."),
        (lambda c, p, z="": base64.urlsafe_b64encode(f"{z}\0{c}\0{p}".encode()).decode(),
         "That is the alphabet for URLs, with - and _. SMTP uses the one with + and /: base64.b64encode."),
        (lambda c, p, z="": _token(c, p, z, charset="latin-1"), "The text goes out as UTF-8: .encode()."),
        (lambda c, p, z="": f"{z}\0{c}\0{p}", "That is the message itself. On the wire it stands in base64."),
    ],
    lambda *failed: _why_no_token(*failed),  # noqa: PLW0108 - it stands below, with the words it says
)  # fmt: skip


def _why_no_token(case: Case, ran: Run) -> str:
    if "bytes-like object is required, not 'str'" in ran.trouble:
        return "base64 is made of octets. Make them of the text first: .encode()."
    if "raised Error" in ran.trouble:
        return "b64decode undoes base64. b64encode makes it."
    if "positional argument" in ran.trouble:
        return 'It is called with two arguments or with three: (login, password, authzid="").'
    return _why_another_token(ran.value, case.wanted) if isinstance(ran.value, str) else ""


def _why_another_token(token: str, wanted: str) -> str:
    """What is in the text that was given in place of the token."""
    if token.upper().startswith("AUTH"):
        return "The words AUTH PLAIN stand before the token and are no part of it."
    if token.startswith("b'"):
        return "str() writes b'…' around octets. .decode() makes text of them."
    if "\n" in token:
        return "There is a line end in it. The client ends the line."
    if "\0" in token:
        return "That is the message itself. On the wire it stands in base64."
    try:
        inside = base64.b64decode(token, validate=True)
    except (binascii.Error, ValueError):
        return "That is no base64: base64.b64encode makes it."
    return f"Undo base64: yours is {shown(inside)}, and the token {shown(base64.b64decode(wanted))}."


# -- a captured token --------------------------------------------------------------------------------------------

#: RFC 4616 §4's second example.
CAPTURED: Final = "VXJzZWwAS3VydAB4aXBqM3BsbXE="

_decoded = value(
    ("Kurt", "xipj3plmq"),
    [
        (("Ursel", "xipj3plmq"), "Ursel is the first field: whom to act *for*. The password belongs to the second."),
        (("xipj3plmq", "Kurt"), "The other way round: first the login, then the password."),
        (("kurt", "xipj3plmq"), "Nearly: the login as it stands in the token, capital letter and all."),
        (("Ursel", "Kurt"), "These are the first two fields. Login and password are the second and the third."),
    ],
    "Undo base64, then part the octets at the NULs.",
)


def _decode(login: Any, password: Any) -> str | None:
    fault = _decoded(
        tuple(part.decode(errors="replace") if isinstance(part, bytes) else part for part in (login, password))
    )
    if fault is None and (isinstance(login, bytes) or isinstance(password, bytes)):
        return "Right so far, but in bytes: .decode() makes text of them."
    return fault


# -- LOGIN -------------------------------------------------------------------------------------------------------


def _login(answer: Any) -> str | None:
    begun(answer)
    tries = _tries(answer)
    if not tries and _logged_in(answer):
        return 'You are in, by another mechanism. LOGIN is asked for: begin anew, and mine.auth("LOGIN").'
    if not tries:
        return 'AUTH LOGIN was not said yet: mine.auth("LOGIN").'
    if any(tried[:3] == [334, 334, 235] for tried in tries):
        return None
    last = [tuple(tries[-1][:length]) for length in (3, 2, 1)]
    return next((_STOPPED[codes] for codes in last if codes in _STOPPED), None) or _refused(answer, tries[-1][0])


def _logged_in(answer: Any) -> bool:
    return any(exchange.reply and exchange.reply.code == 235 for exchange in exchanges(answer))


def _tries(answer: Any) -> list[list[int]]:
    """The codes from each AUTH LOGIN on."""
    tries: list[list[int]] = []
    for exchange in exchanges(answer):
        if (exchange.command or "").upper().startswith("AUTH LOGIN"):
            tries.append([])
        if tries:
            tries[-1].append(exchange.reply.code if exchange.reply else 0)
    return tries


#: Where a try stopped → what to say.
_STOPPED: Final = {
    (334,): "The server asks twice, with 334: for the login, then for the password. It waits for the first answer.",
    (334, 334): "The server has the login and asks for the password, with the second 334. Answer that, too.",
    (334, 501): "501: that was no base64. mine.auth_login_username and mine.auth_login_password write it for you.",
    (334, 334, 501): "501: that was no base64. mine.auth_login_password writes it for you.",
    (334, 334, 535): "535: login or password is wrong. First the login, then the password, as plain text: "
                     "the methods make the base64.",
}  # fmt: skip


def _refused(answer: Any, code: int) -> str:
    """What to say to an AUTH LOGIN that did not get its 334."""
    if code == 501:
        return "501: the server waited for an answer, and took AUTH LOGIN for it. Say that once, then answer."
    if code == 503 and _logged_in(answer):
        return "503: this session is logged in already, and once is all. Begin anew: mine = sandbox.client()."
    if code == 503 and any((exchange.command or "").upper().startswith("HELO") for exchange in exchanges(answer)):
        return "503: HELO gets no extensions, and AUTH is one. Say EHLO."
    if code == 503:
        return "503: AUTH is an extension. Say EHLO first."
    return "The server did not say 235. Are login and password those of a user?"


EXERCISES: Final = (
    Exercise(
        "plain_token",
        "04",
        'Write plain_token(login, password, authzid=""), which returns what stands behind AUTH PLAIN, as text.',
        ("plain_token",),
        (
            "Three fields with one NUL between them: whom to act for, login, password. The first is mostly empty.",
            'f"{authzid}\\0{login}\\0{password}" is the message. It becomes octets, and these become base64.',
            'base64.b64encode(f"{authzid}\\0{login}\\0{password}".encode()).decode()',
        ),
        _plain_token,
        "That is all of AUTH PLAIN (RFC 4616 §2): two NULs, UTF-8, and base64 around it.",
    ),
    Exercise(
        "decode_token",
        "04",
        "Whose password is in the token, and what is it?",
        ("login", "password"),
        (
            "base64 hides nothing: base64.b64decode(token) gives the octets back.",
            "The octets are three fields, with NUL between them. The login is the second one.",
            'authzid, login, password = base64.b64decode(token).decode().split("\\0")',
        ),
        _decode,
        "No key was needed: base64 is an alphabet. Only TLS keeps the password from whoever looks on.",
    ),
    Exercise(
        "login",
        "04",
        "Log in with the mechanism LOGIN, step by step, until the server says 235.",
        ("mine",),
        (
            "LOGIN is a conversation: the server asks (334), the client answers, twice.",
            'mine.auth("LOGIN") opens it. The other two steps are methods of mine whose names begin with auth_login.',
            'mine.ehlo(); mine.auth("LOGIN"); mine.auth_login_username("bob"); mine.auth_login_password(…)',
        ),
        _login,
        "The same facts as PLAIN in two more round trips, and in base64, too. LOGIN was never standardised.",
    ),
)
