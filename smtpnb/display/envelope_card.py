"""A captured message: its envelope beside its header section, and its content."""

from typing import TYPE_CHECKING, Final

from smtpnb import options
from smtpnb.display import kit
from smtpnb.display.excerpt import excerpt
from smtpnb.envelope import EnvelopeRow, EnvelopeView
from smtpnb.text import decoded, plural

if TYPE_CHECKING:
    from smtpnb.sandbox.mailbox import CapturedMessage

_COLUMNS: Final = ("", "envelope (MAIL, RCPT)", "header section (inside DATA)", "note")
#: Characters of one field.
_CHARACTERS: Final = 300
#: Octets of the content that are looked at for showing its lines.
_LOOKED_AT: Final = 256 * 1024


def envelope_card(view: EnvelopeView) -> kit.Element:
    """The comparison as a table."""
    caption: list[kit.Node] = [
        kit.strong(kit.prose(view.title, 100), ": "),
        "what the servers used, and what the reader sees.",
    ]
    return kit.table(caption, _COLUMNS, (_row(row) for row in view.rows))


def _row(row: EnvelopeRow) -> kit.Element:
    mark = kit.strong("≠ ") if row.differs else "= "
    note = kit.marked([mark, kit.prose(row.note, 2 * _CHARACTERS)], differs=row.differs)
    return kit.row(row.name, _cell(row.envelope), _cell(row.header), note, headed=True)


def _cell(texts: tuple[str, ...]) -> kit.Node:
    return [kit.section(kit.said(text, _CHARACTERS)) for text in texts] if texts else kit.muted("—")


def message_card(message: "CapturedMessage") -> kit.Element:
    """The message as a card: envelope and header section, the content folded below."""
    size = plural(len(message.raw), "octet")
    return kit.card(
        kit.GOOD if message.secure else kit.INFO,
        envelope_card(message.envelope_view()),
        kit.section(kit.strong("Came: "), kit.channel(secure=message.secure), _login(message)),
        kit.folded(f"The content as delivered: {size}", list(_content(message))),
        wide=True,
    )


def _login(message: "CapturedMessage") -> kit.Node:
    login = message.authenticated_as
    return [", logged in as ", kit.said(login, 100)] if login else ", not logged in"


def _content(message: "CapturedMessage") -> list[kit.Node]:
    lines = decoded(message.raw[:_LOOKED_AT]).removesuffix("\r\n").split("\r\n")
    shown = excerpt(len(lines), options.reply_lines)
    head = [kit.section(kit.said(lines[position])) for position in shown.first]
    tail = [kit.section(kit.said(lines[position])) for position in shown.last]
    gap = [kit.section(kit.muted(f"… {plural(shown.left_out, 'more line')} …"))] if shown.left_out else []
    unseen = len(message.raw) - _LOOKED_AT
    rest = [kit.section(kit.muted(f"… {plural(unseen, 'more octet')}"))] if unseen > 0 else []
    return [*head, *gap, *tail, *rest]
