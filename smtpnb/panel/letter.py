"""The message composed in the panel: its envelope, its header section, and the Python that makes the same message."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Final

from smtpnb.displayable import Displayable
from smtpnb.panel.form import Attachment, Form
from smtpnb.text import visible

#: Octets of an attachment that the Python holds; of a longer one it holds as many octets, but others.
_EMBEDDED: Final = 64 * 1024

#: Header field → attribute of the form.
_FIELDS: Final = {"From": "sender", "To": "to", "Cc": "cc", "Bcc": "bcc", "Subject": "subject"}

_BOUNDARY: Final = "=_smtpnb"


def addresses(text: str) -> tuple[str, ...]:
    """The bare addresses in a field; what is no address stays as it was typed, for the server to judge."""
    found = tuple(address for _, address in getaddresses([text]) if address)
    return found or tuple(part.strip() for part in text.split(",") if part.strip())


@dataclass(frozen=True, slots=True)
class Draft(Displayable):
    """A message before it goes: the envelope beside the header section.

    Attributes:
        sender: the reverse-path.
        recipients: each forward-path, and the field that it comes from.
        header: the fields of the header section that will be sent, Bcc not among them.
        attachments: name and octets of each.
    """

    sender: str
    recipients: tuple[tuple[str, str], ...]
    header: tuple[tuple[str, str], ...]
    attachments: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, form: Form) -> "Draft":
        """The draft that a form holds."""
        sender = (addresses(form.sender) or ("",))[0]
        paths: dict[str, str] = {}
        for field in ("To", "Cc", "Bcc"):
            for address in addresses(getattr(form, field.lower())):
                paths.setdefault(address, field)
        header = tuple(
            (name, getattr(form, attribute))
            for name, attribute in _FIELDS.items()
            if name != "Bcc" and getattr(form, attribute)
        )
        files = tuple((attachment.name, len(attachment.content)) for attachment in form.attachments)
        return cls(sender, tuple(paths.items()), header, files)

    def to_text(self) -> str:
        """The envelope, then the fields of the header section, a line each."""
        lines = [f"MAIL FROM:<{visible(self.sender)}>"]
        lines += [f"RCPT TO:<{visible(address)}>" for address, _ in self.recipients]
        return "\n".join([*lines, *(f"{name}: {visible(text)}" for name, text in self.header)])

    def __repr__(self) -> str:
        return f"<Draft from {self.sender!r} to {len(self.recipients)}>"


def composed(form: Form) -> EmailMessage:
    """The message that a form holds.

    It has neither Date nor Message-ID, so that the same form gives the same octets every day; a submission server
    adds them (RFC 6409 §8).

    Raises:
        ValueError: a field holds a line end, or what no header section can hold.
    """
    message = EmailMessage()
    for name, attribute in _FIELDS.items():
        if text := getattr(form, attribute):
            message[name] = text
    message.set_content(form.body)
    for attachment in form.attachments:
        main, _, sub = _type(attachment).partition("/")
        message.add_attachment(attachment.content, maintype=main, subtype=sub, filename=attachment.name)
    if form.attachments:
        message.set_boundary(_boundary(form))
    return message


def _type(attachment: Attachment) -> str:
    """The media type; text goes as octets too, whose line ends nobody changes, and a message as it is."""
    main, _, sub = attachment.type.partition("/")
    return attachment.type if main in ("image", "audio", "video", "application") and sub else "application/octet-stream"


def _boundary(form: Form) -> str:
    """A line that is in no part: the same for the same message, where the standard library's would be random."""
    boundary, texts = _BOUNDARY, (form.body.encode("utf-8", "replace"), *(a.content for a in form.attachments))
    while any(boundary.encode() in text for text in texts):
        boundary += "="
    return boundary


def source(form: Form) -> str:
    """The Python that makes the same message, as `message`."""
    lines = ["message = EmailMessage()"]
    lines += [
        f"message[{name!r}] = {getattr(form, attribute)!r}"
        for name, attribute in _FIELDS.items()
        if getattr(form, attribute)
    ]
    lines.append(f"message.set_content({form.body!r})")
    for attachment in form.attachments:
        main, _, sub = _type(attachment).partition("/")
        octets = repr(attachment.content)
        if len(attachment.content) > _EMBEDDED:
            octets = f"bytes({len(attachment.content)})"
            lines.append(f"# In place of {attachment.name!r}, which is too long to stand here: as many octets.")
        lines.append(
            f"message.add_attachment({octets}, maintype={main!r}, subtype={sub!r}, filename={attachment.name!r})"
        )
    if form.attachments:
        lines.append(f"message.set_boundary({_boundary(form)!r})")
    return "\n".join(lines)
