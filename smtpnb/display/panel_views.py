"""What the control panel shows beside the cards: its status line, the message being composed, what was captured."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from smtpnb.display import kit
from smtpnb.display.capability_matrix import capability_matrix
from smtpnb.display.excerpt import excerpt
from smtpnb.text import decoded, plural

if TYPE_CHECKING:
    from smtpnb.panel.letter import Draft
    from smtpnb.panel.model import Captured, Legend, Notice, Offers
    from smtpnb.sandbox import CapturedMessage

_TONES: Final = {"good": kit.GOOD, "info": kit.INFO, "bad": kit.BAD}

#: Messages shown, the newest first; and lines and characters of each.
_MESSAGES, _LINES, _CHARACTERS = 5, 60, 300

#: Keeps an empty line open: it is what divides header section and body.
_BLANK: Final = "\u00a0"


def notice_line(notice: "Notice") -> kit.Element:
    """The status line: a sign, what happened, what to try."""
    tone = _TONES[notice.kind]
    advice = [" Try: ", kit.prose("; ".join(notice.advice), 300), "."] if notice.advice else None
    return kit.section(kit.note(tone, f"{tone.glyph} Status", [[kit.prose(notice.text, 600), advice]]))


def legend(value: "Legend") -> kit.Element:
    """What the looks of the buttons mean, in words."""
    return kit.section(kit.muted(value.text))


def offers_table(offers: "Offers") -> kit.Element:
    """The capability matrix: before TLS, inside it, after login."""
    count = plural(len({keyword for offer in offers.history for keyword in offer}), "extension")
    return kit.section(kit.folded(f"What the server offers: {count}", capability_matrix(offers.history)))


# -- the message being composed ----------------------------------------------------------------------------------


def draft_table(draft: "Draft") -> kit.Element:
    """The envelope beside the header section, differences said in words."""
    caption: list[kit.Node] = [
        kit.strong("Before it goes: "),
        "the envelope is what the server is told, the header what readers see.",
    ]
    return kit.table(caption, ("envelope", "header"), _draft_rows(draft))


def _draft_rows(draft: "Draft") -> Iterator[kit.Element]:
    header = dict(draft.header)
    yield _pair(_told("MAIL FROM:", draft.sender), _field("From", header))
    told = {"From"}
    for address, field in draft.recipients:
        yield _pair(_told("RCPT TO:", address), _seen(field, header, told))
        told.add(field)
    if not draft.recipients:
        yield _pair(None, kit.muted("no recipient yet: fill in To, Cc or Bcc"))
    for name in [name for name in header if name not in told]:
        yield _pair(None, _field(name, header))
    for name, octets in draft.attachments:
        yield _pair(None, ["with ", kit.said(name, 100), f", {plural(octets, 'octet')}"])


def _seen(field: str, header: dict[str, str], told: set[str]) -> kit.Node:
    if field not in header:
        return kit.muted("nothing: a Bcc is in the envelope alone")
    return kit.muted(f"(in {field}, above)") if field in told else _field(field, header)


def _pair(envelope: kit.Node, header: kit.Node) -> kit.Element:
    return kit.row(envelope or kit.muted("—"), header)


def _told(command: str, address: str) -> kit.Node:
    """The command over its path: the column is narrow, and this cell is never broken."""
    return [kit.section(kit.literal(command)), kit.section(kit.said(f"<{address}>", 200))]


def _field(name: str, header: dict[str, str]) -> kit.Node:
    if name not in header:
        return kit.muted(f"no {name}")
    return [kit.literal(f"{name}: "), kit.said(header[name], 300)]


# -- what a sandbox received -------------------------------------------------------------------------------------


def captured_list(captured: "Captured") -> kit.Element:
    """The messages that a sandbox received, the newest first, each to unfold."""
    count = len(captured.messages)
    if not count:
        return kit.section("The sandbox has received no message yet: ", kit.strong("Send message"), " sends one.")
    newest = captured.messages[: -_MESSAGES - 1 : -1]
    older = kit.muted(f"… {plural(count - len(newest), 'older message')}") if count > len(newest) else None
    return kit.section([_message(message, first=message is newest[0]) for message in newest], older)


def _message(message: "CapturedMessage", *, first: bool) -> kit.Element:
    to = ", ".join(f"<{recipient}>" for recipient in message.recipients)
    summary = ["Message ", str(message.number), ": ", kit.said(f"<{message.sender}> → {to}", 200)]
    lines = decoded(message.raw).removesuffix("\r\n").split("\r\n")
    shown = excerpt(len(lines), _LINES)
    rows = [kit.section(kit.said(lines[position] or _BLANK, _CHARACTERS)) for position in shown.first]
    if shown.left_out:
        rows.append(kit.section(kit.muted(f"… {plural(shown.left_out, 'more line')} …")))
    rows += [kit.section(kit.said(lines[position] or _BLANK, _CHARACTERS)) for position in shown.last]
    return kit.folded(summary, rows, is_open=first)
