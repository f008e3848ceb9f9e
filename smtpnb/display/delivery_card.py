"""What became of a message: a recipient a row, with the reply that decided it."""

from collections.abc import Iterator
from typing import Final

from smtpnb import options
from smtpnb.delivery import Delivery
from smtpnb.display import kit
from smtpnb.display.excerpt import excerpt
from smtpnb.protocol.next_step import next_steps
from smtpnb.protocol.reply import SmtpReply
from smtpnb.text import plural

_COLUMNS: Final = ("recipient", "outcome", "what the server said")


def delivery_card(delivery: Delivery) -> kit.Element:
    """The delivery as a card."""
    tone = _tone(delivery)
    return kit.card(
        tone,
        kit.heading(kit.glyph(tone), " ", kit.title(_outcome(delivery)), " ", _queued(delivery)),
        kit.section(
            kit.strong("From:"), " ", kit.said(f"<{delivery.sender}>", 300), ": ", kit.prose(delivery.reply.shown)
        ),
        kit.table(_caption(delivery), _COLUMNS, _rows(delivery)),
        kit.note(tone, "Next", next_steps(_decisive(delivery))),
    )


def _tone(delivery: Delivery) -> kit.Tone:
    if not delivery.accepted:
        return kit.TONES[delivery.reply.severity] if not delivery.reply.success else kit.BAD
    return kit.TONES[4] if delivery.refused else kit.GOOD


def _outcome(delivery: Delivery) -> str:
    accepted, refused = len(delivery.accepted), len(delivery.refused)
    return f"Delivery: {plural(accepted, 'recipient')} accepted, {refused:,} refused"


def _queued(delivery: Delivery) -> kit.Node:
    queue_id = delivery.queue_id
    return [kit.muted("queued as "), kit.said(queue_id, 100)] if queue_id else kit.muted("(no queue id in the reply)")


def _caption(delivery: Delivery) -> kit.Node:
    parameters = (
        [" MAIL had: ", kit.said(" ".join(delivery.mail_parameters), 200)] if delivery.mail_parameters else None
    )
    return [f"{plural(len(delivery.recipients), 'recipient')}.", parameters]


def _rows(delivery: Delivery) -> Iterator[kit.Element]:
    shown = excerpt(len(delivery.recipients), options.reply_lines)
    accepted = frozenset(delivery.accepted)
    for position in shown.first:
        yield _row(delivery, delivery.recipients[position], accepted)
    if shown.left_out:
        gap = f"… {plural(shown.left_out, 'more recipient')} …"
        yield kit.wide_row("", kit.muted(gap), columns=len(_COLUMNS))
    for position in shown.last:
        yield _row(delivery, delivery.recipients[position], accepted)


def _row(delivery: Delivery, recipient: str, accepted: frozenset[str]) -> kit.Element:
    refusal = delivery.refused.get(recipient)
    if recipient in accepted:
        outcome: kit.Node = [kit.glyph(kit.GOOD), " accepted"]
    elif refusal:
        outcome = [kit.glyph(kit.TONES[refusal.severity]), " refused"]
    else:
        outcome = [kit.glyph(kit.BAD), " not delivered"]
    words = kit.prose((refusal or delivery.reply).shown)
    return kit.row(kit.said(f"<{recipient}>", 300), outcome, words)


def _decisive(delivery: Delivery) -> SmtpReply:
    """The first refusal, where there is one; else the last reply."""
    return next(iter(delivery.refused.values()), delivery.reply)
