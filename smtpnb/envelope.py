"""The envelope of a message beside its header section: two things that need not agree, and how they differ.

Servers use the envelope (MAIL and RCPT) alone; readers see the header section alone. Nothing here judges a message.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from smtpnb.displayable import Displayable
from smtpnb.text import decoded, plural, shortened, visible

#: Octets of a header section that are read; RFC 5322 has no limit.
_READ: Final = 64 * 1024
#: Addresses or fields of one cell that are named; the rest is counted.
_NAMED: Final = 20

# The bare form begins only where a word does: else an endless word would be read again from each of its letters.
_ADDRESS: Final = re.compile(r"<([^<>\s]*)>|(?<![^\s<>,;:\"()])([^\s<>,;:\"()]+@[^\s<>,;:\"()]+)")
_FIELD: Final = re.compile(r"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)


class EnvelopeRow(NamedTuple):
    """One thing, as the envelope and as the header section have it.

    Attributes:
        name: what it is.
        envelope: what MAIL and RCPT said.
        header: the fields that speak of it.
        note: whether they differ, and what that means; one plain sentence.
        differs: whether they do.
    """

    name: str
    envelope: tuple[str, ...]
    header: tuple[str, ...]
    note: str
    differs: bool


@dataclass(frozen=True, slots=True)
class EnvelopeView(Displayable):
    """The envelope of a message beside its header section.

    Attributes:
        title: which message it is.
        rows: the comparison.
    """

    title: str
    rows: tuple[EnvelopeRow, ...]

    def to_text(self) -> str:
        """A row each as `name: envelope | header | note`."""
        lines = [f"{visible(self.title)}: envelope | header section | note"]
        for row in self.rows:
            cells = ("; ".join(visible(shortened(text, 300)) for text in cell) or "—" for cell in row[1:3])
            mark = "≠" if row.differs else "="
            lines.append(f"{row.name}: {' | '.join(cells)} | {mark} {row.note}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        differing = [row.name for row in self.rows if row.differs]
        return f"<EnvelopeView of {visible(self.title)}: {', '.join(differing) or 'nothing'} differs>"


def envelope_view(title: str, sender: str, recipients: Sequence[str], content: bytes) -> EnvelopeView:
    """The comparison, made of what MAIL and RCPT said and of the content."""
    fields = list(_fields(content[:_READ]))
    rows = (_sender(sender, fields), _return_path(sender, fields), _recipients(recipients, fields), _added(fields))
    return EnvelopeView(title, rows)


def _fields(content: bytes) -> Iterator[tuple[str, str]]:
    """Name and body of each header field, unfolded (RFC 5322 §2.2.3)."""
    section = re.split(r"\r?\n\r?\n", decoded(content), maxsplit=1)[0] if content[:2] != b"\r\n" else ""
    for line in re.split(r"\r?\n(?![ \t])", section):
        if match := _FIELD.fullmatch(re.sub(r"\r?\n[ \t]", " ", line)):
            yield match[1], match[2].strip()


def _named(fields: Sequence[tuple[str, str]], *names: str) -> list[tuple[str, str]]:
    return [(name, body) for name, body in fields if name.lower() in names]


def _addresses(fields: Sequence[tuple[str, str]]) -> list[str]:
    return [match[1] if match[1] is not None else match[2] for _, body in fields for match in _ADDRESS.finditer(body)]


def _cell(texts: Sequence[str]) -> tuple[str, ...]:
    more = len(texts) - _NAMED
    return (*texts[:_NAMED], *([f"… {more:,} more"] if more > 0 else []))


def _shown(fields: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    return _cell([f"{name}: {shortened(body, 300)}" for name, body in fields])


def _folded(addresses: Sequence[str]) -> set[str]:
    """For comparing: the domain's capitals mean nothing (RFC 5321 §2.4), the local-part's could."""
    return {f"{local}@{domain.lower()}" for local, _, domain in (text.rpartition("@") for text in addresses)}


def _sender(sender: str, fields: Sequence[tuple[str, str]]) -> EnvelopeRow:
    found = _named(fields, "from", "sender")
    differs = _folded([sender]) != _folded(_addresses(_named(fields, "sender")) or _addresses(found))
    if not sender:
        note = "The null reverse-path: a report on a delivery, which must not be answered by another."
    elif not found:
        note = "The header section names nobody; readers see no sender."
    elif differs:
        note = "They differ. That is legal: mailing lists do it, and so do forgers."
    else:
        note = "They agree."
    return EnvelopeRow("sender", (f"<{sender}>",), _shown(found), note, differs)


def _return_path(sender: str, fields: Sequence[tuple[str, str]]) -> EnvelopeRow:
    found = _named(fields, "return-path")
    if not found:
        note = "Not there yet: the final host writes the reverse-path into it (RFC 5321 §4.4)."
        return EnvelopeRow("Return-Path", (f"<{sender}>",), (), note, differs=False)
    differs = _folded([sender]) != _folded(_addresses(found[:1]))
    note = "It was there before the final host wrote one: a sender should not put it in (RFC 5321 §4.4)."
    return EnvelopeRow("Return-Path", (f"<{sender}>",), _shown(found), note if differs else "They agree.", differs)


def _recipients(recipients: Sequence[str], fields: Sequence[tuple[str, str]]) -> EnvelopeRow:
    visible_fields = _named(fields, "to", "cc", "bcc")
    named = _folded(_addresses(visible_fields))
    hidden = [address for address in recipients if not _folded([address]) <= named]
    unsent = sorted(named - _folded(recipients))
    notes = []
    if hidden:
        notes.append(f"Only in the envelope: {_list(hidden)}. That is how Bcc works, and mailing lists.")
    if unsent:
        notes.append(f"Only in the header section: {_list(unsent)}. Another transaction may have served them.")
    if _named(fields, "bcc"):
        notes.append("There is a Bcc field: whoever gets this message sees the hidden recipients.")
    note = " ".join(notes) or "They agree."
    return EnvelopeRow(
        "recipients", _cell([f"<{address}>" for address in recipients]), _shown(visible_fields), note, bool(notes)
    )


def _list(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - 3:,} more" if len(addresses) > 3 else ""
    return ", ".join(f"<{shortened(address, 100)}>" for address in addresses[:3]) + more


def _added(fields: Sequence[tuple[str, str]]) -> EnvelopeRow:
    found = _named(fields, "received")
    note = "Each server on the way puts one on top." if found else "No server has put a trace on it yet."
    count = f" {plural(len(found), 'hop')} so far." if found else ""
    return EnvelopeRow("Received", (), _shown(found), note + count, differs=False)
