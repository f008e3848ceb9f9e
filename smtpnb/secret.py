"""Secrets, and the one place where they are opened.

A `Secret` wraps a password on the first line of the public method that takes it. From there on it is passed
around closed: it has no text, no length, no equality, and cannot be pickled or formatted. `octets()` is the one
method that opens it; `client` calls it at the moment of writing to the wire and `protocol.redaction` to know
what to mask. Tokens are built inside: `Secret.plain_token` and `Secret.base64` return closed secrets.
"""

import base64
import getpass
from collections.abc import Callable
from typing import Final, NoReturn, final

#: What stands in the place of a secret, everywhere; of fixed length, so that it tells no length.
MASK: Final = "⟨hidden⟩"


@final
class Secret:
    """A password or token that no repr, log, pickle or traceback shows.

    Args:
        value: the secret's text (sent as UTF-8, RFC 4616 §2) or octets; another `Secret` is taken as it is.

    Raises:
        TypeError: `value` is neither text, octets nor a secret. The message does not show it.
    """

    __slots__ = ("_open", "is_utf8")
    _open: Callable[[], bytes]
    #: Whether octets stand for all of it: text with a lone surrogate has none in UTF-8. Closed all the same, so that
    #: whoever refuses it has nothing open in a frame.
    is_utf8: bool

    def __init__(self, value: "str | bytes | Secret") -> None:
        if isinstance(value, Secret):
            self._open, self.is_utf8 = value._open, value.is_utf8
        elif isinstance(value, str | bytes | bytearray):
            # A closure, not an attribute: pickle, copy, vars() and debuggers' attribute views find no text.
            octets = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else bytes(value)
            self._open = lambda: octets
            self.is_utf8 = not isinstance(value, str) or not any("\ud800" <= char <= "\udfff" for char in value)
        else:
            raise TypeError(f"a secret is str, bytes or Secret, not {type(value).__name__}")

    def octets(self) -> bytes:
        """The secret in the clear. Only the wire and the mask may ask."""
        return self._open()

    @property
    def is_one_line(self) -> bool:
        """Whether it holds no CR, LF or NUL, and so cannot become a second command."""
        return not any(octet in self.octets() for octet in b"\r\n\0")

    @classmethod
    def plain_token(cls, login: str, password: "Secret", authzid: str = "") -> "Secret":
        """The SASL PLAIN message `authzid NUL login NUL password` in base64 (RFC 4616 §2), closed."""
        message = b"\0".join((authzid.encode(), login.encode(), password.octets()))
        return cls(base64.b64encode(message))

    def base64(self) -> "Secret":
        """This secret in base64 (RFC 4954 §4), closed."""
        return Secret(base64.b64encode(self.octets()))

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is not pickled or copied to disk: ask for it again with ask_secret()")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret has no state to take away: ask for it again with ask_secret()")

    __hash__ = None  # type: ignore[assignment]  # a hash would tell equal secrets

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self


def ask_secret(prompt: str = "Password: ") -> Secret:
    """Asks for a password without showing it, and keeps it closed.

    In a notebook the front-end draws a masked field (`getpass` is ipykernel's there); nothing of it is stored in
    the notebook.

    Args:
        prompt: what the field says.

    Returns:
        The answer as a `Secret`, good wherever smtpnb takes a password.
    """
    return Secret(getpass.getpass(prompt))
