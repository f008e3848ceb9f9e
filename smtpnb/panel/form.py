"""What is typed into the panel, as a value: a `Form`. A password is never part of it."""

from dataclasses import dataclass
from typing import Final

#: The choices of Security.
NONE, STARTTLS, IMPLICIT = SECURITIES = ("none", "STARTTLS", "implicit TLS")

#: The choices of Mechanism.
MECHANISMS: Final = ("PLAIN", "LOGIN")

#: The port where none is typed, by Security (RFC 8314 §3.3, RFC 5321 §4.5.4.2).
PORTS: Final = {NONE: 25, STARTTLS: 587, IMPLICIT: 465}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with the message.

    Attributes:
        name: its name.
        type: its media type, such as "text/plain".
        content: its octets.
    """

    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """The texts and choices of the panel, by their descriptions.

    Attributes:
        host: the server; "sandbox.example" is the sandbox.
        port: its port as it is typed; empty for the usual one.
        security: one of `SECURITIES`.
        login: whose password it is.
        mechanism: one of `MECHANISMS`.
        user: whom VRFY asks about.
        list: what EXPN asks about.
        sender: From.
        to: recipients, separated by commas.
        cc: likewise; they stand in the header section too.
        bcc: likewise; they stand in the envelope alone.
        subject: the subject.
        body: the text.
        attachments: files that go with it.
    """

    host: str = ""
    port: str = ""
    security: str = NONE
    login: str = ""
    mechanism: str = MECHANISMS[0]
    user: str = ""
    list: str = ""
    sender: str = ""
    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    body: str = ""
    attachments: tuple[Attachment, ...] = ()

    @property
    def port_number(self) -> int:
        """The port as a number.

        Raises:
            ValueError: it is none.
        """
        text = self.port.strip()
        if not text:
            return PORTS[self.security]
        if not (text.isascii() and text.isdigit() and len(text) <= 5):
            raise ValueError(f"the port is a number, such as 25, 587 or 465, not {text[:20]!r}")
        return int(text)
