"""The exercises of notebook 04: the token of AUTH PLAIN made and read, and AUTH LOGIN by hand."""

import base64
from typing import Any, Final

from smtpnb.exercises.exercise import Exercise
from smtpnb.exercises.judging import Case, conditions, function, value
from smtpnb.exercises.seen import begun, codes

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
)  # fmt: skip

# -- a captured token --------------------------------------------------------------------------------------------

#: RFC 4616 §4's second example.
CAPTURED: Final = "VXJzZWwAS3VydAB4aXBqM3BsbXE="

_decoded = value(
    ("Kurt", "xipj3plmq"),
    [
        (("Ursel", "xipj3plmq"), "Ursel is the first field: whom to act *for*. The password belongs to the second."),
        (("xipj3plmq", "Kurt"), "The other way round: first the login, then the password."),
        (("Ursel", "Kurt"), "These are the first two fields. Login and password are the second and the third."),
    ],
    "Undo base64, then part the octets at the NULs.",
)


def _decode(login: Any, password: Any) -> str | None:
    if isinstance(login, bytes) and isinstance(password, bytes):
        return "Right so far, but in bytes: .decode() makes text of them."
    return _decoded((login, password))


# -- LOGIN -------------------------------------------------------------------------------------------------------

_login = conditions(
    (begun, "Nothing was said yet in this session."),
    (lambda answer: bool(codes(answer, "AUTH LOGIN")), 'AUTH LOGIN was not said yet: client.auth("LOGIN").'),
    (lambda answer: 503 not in codes(answer, "AUTH LOGIN")[-1:], "503: AUTH is an extension. Say EHLO first."),
    (lambda answer: codes(answer).count(334) >= 2,
     "The server asks twice, with 334: for the login, then for the password. One answer at a time."),
    (lambda answer: 235 in codes(answer), "The server did not say 235. Are login and password those of a user?"),
)  # fmt: skip

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
        "Whose token is it, and which password is in it?",
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
            'client.auth("LOGIN") opens it. The other two steps are methods of the client whose names begin with auth_login.',
            'client.ehlo(); client.auth("LOGIN"); client.auth_login_username("bob"); client.auth_login_password(…)',
        ),
        _login,
        "The same facts as PLAIN in two more round trips, and in base64, too. LOGIN was never standardised.",
    ),
)
