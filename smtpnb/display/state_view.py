"""Where a session stands: the usual way with the present state marked, and the three rows that say the same."""

from collections.abc import Iterator
from typing import Final

from smtpnb.display import kit
from smtpnb.protocol.conversation import Conversation, Stage

#: The usual way of a mail session; AUTH leaves it for a while.
_WAY: Final = (Stage.CLOSED, Stage.GREETED, Stage.READY, Stage.SENDER, Stage.RECIPIENTS, Stage.DATA)
_LOGIN: Final = (Stage.CLOSED, Stage.GREETED, Stage.READY, Stage.AUTH)


def state_view(conversation: Conversation) -> kit.Element:
    """The conversation as a card."""
    return kit.card(
        kit.INFO,
        kit.heading(kit.title("Where the session stands:"), " ", conversation.summary, "."),
        way(conversation),
        kit.facts(state_facts(conversation)),
        kit.folded("Why would the others get a 503?", kit.facts(_reasons(conversation))),
    )


def way(conversation: Conversation) -> kit.Element:
    """The states in their usual order, the present one marked."""
    stages = _LOGIN if conversation.stage is Stage.AUTH else _WAY
    return kit.steps([stage.value for stage in stages], stages.index(conversation.stage))


def state_facts(conversation: Conversation) -> Iterator[tuple[kit.Node, kit.Node]]:
    """What is expected now, what is not, and the envelope so far."""
    yield "Expected now:", _verbs(conversation.allowed) or f"no verb: {conversation.why_not('NOOP')}"
    yield "Would likely get 503:", _verbs(conversation.refused) or "nothing"
    yield "Envelope so far:", kit.said(conversation.envelope)


def _verbs(verbs: tuple[str, ...]) -> kit.Node:
    return kit.joined([kit.literal(verb) for verb in verbs], ", ") if verbs else None


def _reasons(conversation: Conversation) -> Iterator[tuple[kit.Node, kit.Node]]:
    for verb in conversation.refused:
        yield f"{verb}:", f"{conversation.why_not(verb)}."
