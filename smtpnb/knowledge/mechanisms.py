"""SASL mechanisms in plain words: how each proves who the client is, and what that exposes (RFC 4422, RFC 4954)."""

from typing import Final, NamedTuple

from smtpnb.knowledge.rfc import Reference


class Mechanism(NamedTuple):
    """A login mechanism explained.

    Attributes:
        name: in capitals, as the AUTH line has it.
        meaning: how it works, one plain sentence.
        exposes_secret: whether one who listens in, or the server, gets a password or token that can be used again.
        reference: where it is defined; None where no RFC does.
        advice: when to use it, one sentence.
    """

    name: str
    meaning: str
    exposes_secret: bool
    reference: Reference | None
    advice: str

    @property
    def occasion(self) -> str:
        """Who names it and when, one plain sentence."""
        return "The server, in the AUTH line of its EHLO reply; the client, behind AUTH."


_ASK: Final = "Use it only inside TLS, and only if you know what it sends."
_SCRAM: Final = "Both sides prove that they know the password, without sending it"
_BOUND: Final = "and tie the proof to this TLS connection"

#: Name → how it works.
MECHANISMS: Final = {
    row.name: row
    for row in (
        Mechanism(
            "PLAIN",
            "Sends login and password in one piece; base64 is no protection, only TLS is.",
            exposes_secret=True,
            reference=Reference(4616),
            advice="Use it inside TLS: AUTH PLAIN and the token, in one go.",
        ),
        Mechanism(
            "LOGIN",
            "Sends login, then password, each on a line of its own; no standard, and only TLS protects it.",
            exposes_secret=True,
            reference=None,
            advice="Use PLAIN in its place where it is offered; else answer two prompts, inside TLS.",
        ),
        Mechanism(
            "CRAM-MD5",
            "Answers a challenge with a hash of it and the password; too weak for today.",
            exposes_secret=False,
            reference=Reference(2195),
            advice="Use a SCRAM mechanism, or PLAIN inside TLS, in its place.",
        ),
        Mechanism(
            "DIGEST-MD5",
            "Answers a challenge as web servers once did; withdrawn by RFC 6331.",
            exposes_secret=False,
            reference=Reference(2831),
            advice="Use a SCRAM mechanism, or PLAIN inside TLS, in its place.",
        ),
        Mechanism(
            "SCRAM-SHA-1",
            f"{_SCRAM}.",
            exposes_secret=False,
            reference=Reference(5802),
            advice="Use SCRAM-SHA-256 where it is offered; never give way to PLAIN without TLS.",
        ),
        Mechanism(
            "SCRAM-SHA-1-PLUS",
            f"{_SCRAM}, {_BOUND}.",
            exposes_secret=False,
            reference=Reference(5802),
            advice="Use SCRAM-SHA-256-PLUS where it is offered.",
        ),
        Mechanism(
            "SCRAM-SHA-256",
            f"{_SCRAM}.",
            exposes_secret=False,
            reference=Reference(7677),
            advice="Use it, or its PLUS form inside TLS.",
        ),
        Mechanism(
            "SCRAM-SHA-256-PLUS",
            f"{_SCRAM}, {_BOUND}.",
            exposes_secret=False,
            reference=Reference(7677),
            advice="Use it inside TLS: of the common ones it shows the least.",
        ),
        Mechanism(
            "SCRAM-SHA-512",
            f"{_SCRAM}.",
            exposes_secret=False,
            reference=None,
            advice="Use it, or its PLUS form inside TLS.",
        ),
        Mechanism(
            "SCRAM-SHA-512-PLUS",
            f"{_SCRAM}, {_BOUND}.",
            exposes_secret=False,
            reference=None,
            advice="Use it inside TLS: it shows as little as any.",
        ),
        Mechanism(
            "XOAUTH2",
            "Sends a token from a web login in place of a password; made by Google, also used by Microsoft.",
            exposes_secret=True,
            reference=None,
            advice="Get a token from the provider first, and use it inside TLS.",
        ),
        Mechanism(
            "OAUTHBEARER",
            "Sends a token from a web login in place of a password.",
            exposes_secret=True,
            reference=Reference(7628),
            advice="Get a token from the provider first, and use it inside TLS.",
        ),
        Mechanism(
            "OAUTH10A",
            "Signs the login with an OAuth 1.0a token.",
            exposes_secret=False,
            reference=Reference(7628),
            advice="Use OAUTHBEARER in its place where it is offered.",
        ),
        Mechanism(
            "EXTERNAL",
            "Sends no proof at all: the TLS certificate of the client, for example, has given it already.",
            exposes_secret=False,
            reference=Reference(4422),
            advice="Show a client certificate in the TLS handshake first.",
        ),
        Mechanism(
            "GSSAPI",
            "Shows a Kerberos ticket.",
            exposes_secret=False,
            reference=Reference(4752),
            advice="Get a Kerberos ticket first, as within one organisation.",
        ),
        Mechanism(
            "GS2-KRB5",
            "Shows a Kerberos ticket.",
            exposes_secret=False,
            reference=Reference(5801),
            advice="Get a Kerberos ticket first, as within one organisation.",
        ),
        Mechanism(
            "KERBEROS_V4",
            "Shows a ticket of Kerberos 4; obsolete.",
            exposes_secret=False,
            reference=Reference(2222),
            advice="Use GSSAPI in its place where it is offered.",
        ),
        Mechanism(
            "NTLM",
            "Answers a challenge the Windows way; too weak for today.",
            exposes_secret=False,
            reference=None,
            advice="Use GSSAPI, or PLAIN inside TLS, in its place.",
        ),
        Mechanism(
            "ANONYMOUS",
            "Logs in as nobody; a trace such as a mail address is sent for the log.",
            exposes_secret=False,
            reference=Reference(4505),
            advice="Expect to be allowed little.",
        ),
        Mechanism(
            "OTP",
            "Sends a password that works once.",
            exposes_secret=False,
            reference=Reference(2444),
            advice="Have the list of passwords ready: each is good for one login.",
        ),
        Mechanism(
            "SECURID",
            "Sends the number that a SecurID token shows.",
            exposes_secret=False,
            reference=Reference(2808),
            advice="Have the token at hand: its number changes each minute.",
        ),
    )
}


def row(name: str) -> Mechanism:
    """How the mechanism works; where no table has it, a sentence that says so, and the worst is assumed."""
    name = name.upper()
    return MECHANISMS.get(name) or Mechanism(
        name, "No list that smtpnb knows has this mechanism.", exposes_secret=True, reference=None, advice=_ASK
    )
