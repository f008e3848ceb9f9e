"""The card of a whole session at one moment: where it stands, with the views of its parts folded below."""

from collections.abc import Iterator

from smtpnb.display import kit
from smtpnb.display.capability_matrix import capability_matrix
from smtpnb.display.ladder import ladder
from smtpnb.display.state_view import state_facts, way
from smtpnb.display.tls_card import tls_card
from smtpnb.session import SessionSnapshot
from smtpnb.text import plural


def snapshot_card(snapshot: SessionSnapshot) -> kit.Element:
    """The snapshot as a card. Port and address are left out: the system may have chosen them."""
    return kit.card(
        kit.GOOD if snapshot.secure else kit.INFO,
        kit.heading(kit.title("Session with"), " ", kit.said(snapshot.host), f": {snapshot.conversation.summary}."),
        way(snapshot.conversation),
        kit.facts(_facts(snapshot)),
        kit.folded(_offered(snapshot), capability_matrix(snapshot.capability_history)),
        kit.folded("TLS", tls_card(snapshot.tls_info)) if snapshot.tls_info else None,
        kit.folded(f"What was said: {snapshot.transcript.summary}", ladder(snapshot.transcript)),
    )


def _facts(snapshot: SessionSnapshot) -> Iterator[tuple[kit.Node, kit.Node]]:
    yield "Channel:", kit.channel(secure=snapshot.secure)
    yield "Logged in:", "yes" if snapshot.authenticated else "no"
    yield from state_facts(snapshot.conversation)


def _offered(snapshot: SessionSnapshot) -> str:
    return f"What the server offers: {plural(len(snapshot.capabilities), 'extension')} now"
