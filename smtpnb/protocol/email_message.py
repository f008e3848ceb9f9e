"""A stdlib `EmailMessage` on its way to SMTP: its envelope, and its octets without Bcc. Loads `email` when used."""

from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from email.message import Message

#: What makes an envelope of its own of a block of Resent- fields: each may be there once in a block (RFC 5322 §3.6.6).
_RESENT: Final = frozenset({"resent-from", "resent-sender", "resent-to", "resent-cc", "resent-bcc"})

#: Octets of a message that stay in memory before it goes to a temporary file.
_SPOOLED: Final = 1024 * 1024


def envelope(message: "Message") -> tuple[str, list[str]]:
    """Sender and recipients from the header section, the Resent- fields first (RFC 5322 §3.6.6).

    Raises:
        ValueError: no sender, no recipient, or several blocks of Resent- fields, each of which is an envelope.
        TypeError: what was given is no `EmailMessage`.
    """
    if not is_message(message):
        raise TypeError(
            f"a message is an EmailMessage, not {type(message).__name__}: send_mail() takes the other kinds"
        )
    from email.utils import getaddresses  # noqa: PLC0415 - not loaded by who sends no EmailMessage

    resent = [name.lower() for name in message if name.lower() in _RESENT]
    if len(resent) > len(set(resent)):
        raise ValueError("the message was resent more than once: give sender and recipients to send_mail()")
    prefix = "Resent-" if resent else ""

    def addresses(*names: str) -> list[str]:
        fields = [str(value) for name in names for value in message.get_all(prefix + name, [])]
        return [address for _, address in getaddresses(fields) if address]

    senders = addresses("Sender") or addresses("From")
    recipients = list(dict.fromkeys(addresses("To", "Cc", "Bcc")))
    if not senders:
        raise ValueError("the message has neither From nor Sender: the envelope needs one of them")
    if not recipients:
        raise ValueError("the message has no To, Cc or Bcc: the envelope needs a recipient")
    return senders[0], recipients


def flattened(message: "Message") -> IO[bytes]:
    """The octets of an `EmailMessage` as a file to read, its Bcc left out; a large one is not held in memory."""
    import copy  # noqa: PLC0415 - as above
    import tempfile  # noqa: PLC0415
    from email.generator import BytesGenerator  # noqa: PLC0415

    bare = copy.copy(message)
    for name in ("Bcc", "Resent-Bcc"):
        del bare[name]
    header = "".join(f"{name}{value}" for name, value in bare.items())
    policy: Any = message.policy.clone(linesep="\r\n")
    if hasattr(policy, "utf8"):  # an EmailPolicy; the old compat32 knows no addresses that are not ASCII
        policy = policy.clone(utf8=not header.isascii() and _international(bare))
    file = tempfile.SpooledTemporaryFile(_SPOOLED)  # noqa: SIM115 - who asked for it reads and closes it
    BytesGenerator(file, policy=policy).flatten(bare)
    file.seek(0)
    return file


def _international(message: "Message") -> bool:
    """Whether an address in the header section is not ASCII: a name can be encoded (RFC 2047), an address cannot."""
    from email.utils import getaddresses  # noqa: PLC0415 - as above

    names = ("From", "Sender", "Reply-To", "To", "Cc")
    fields = [str(value) for name in names for value in message.get_all(name, [])]
    return any(not address.isascii() for _, address in getaddresses(fields))


def is_message(content: object) -> bool:
    """Whether `content` is a stdlib `Message`; the check loads nothing."""
    return any(kind.__module__ == "email.message" and kind.__name__ == "Message" for kind in type(content).__mro__)
