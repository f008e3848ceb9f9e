"""The AUTH PLAIN lesson: field, character, hex and base64 under each other (RFC 4616 §2)."""

from typing import Final

from smtpnb.display import kit
from smtpnb.knowledge.rfc import Reference
from smtpnb.protocol.plain_lesson import TITLE, WARNINGS, PlainBlock, PlainLesson

_COLOURS: Final = {"NUL": "#d02a5c", "authzid": "#8a4fb5", "login": "#1a73d1", "password": "#0f8263"}


def plain_view(lesson: PlainLesson) -> kit.Element:
    """The token taken apart, as a card."""
    return kit.card(
        kit.BAD,
        kit.heading(kit.title(TITLE), " ", kit.link(Reference(4616, "2"))),
        [_block(block) for block in lesson.blocks],
        kit.section(kit.muted(kit.literal("C: ")), kit.said(f"AUTH PLAIN {lesson.token}")),
        kit.note(kit.BAD, "Mind", WARNINGS),
    )


def _block(block: PlainBlock) -> kit.Element:
    octets = block.octets
    return kit.grid(
        (
            ("field:", [(kit.plate(name, _COLOURS[name]), span) for name, span in block.fields]),
            ("character:", [([kit.said(octet.character), " "], 1) for octet in octets]),
            ("hex:", [([kit.literal(f"{octet.octet:02x}"), " "], 1) for octet in octets]),
            ("base64:", [(kit.literal(group), min(3, len(octets) - 3 * at)) for at, group in enumerate(block.groups)]),
        )
    )
