"""Where a session stands: a picture of the states with the present one marked, and the rows that say the same."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from smtpnb.display import kit
from smtpnb.display.picture import FAINT, INK, Picture
from smtpnb.protocol.conversation import Conversation, Stage

#: The usual way of a mail session; AUTH leaves it for a while.
_WAY: Final = (Stage.CLOSED, Stage.GREETED, Stage.READY, Stage.SENDER, Stage.RECIPIENTS, Stage.DATA)
_LOGIN: Final = (Stage.CLOSED, Stage.GREETED, Stage.READY, Stage.AUTH)


def state_view(conversation: Conversation) -> kit.Element:
    """The conversation as a card."""
    return kit.card(
        kit.INFO,
        kit.heading(kit.title("Where the session stands:"), " ", conversation.summary, "."),
        kit.picture(state_picture(conversation.stage), state_sentence(conversation.stage)),
        way(conversation),
        kit.facts(state_facts(conversation)),
        None
        if conversation.stage is Stage.CLOSED  # one reason for all, given above
        else kit.folded("Why would the others get a 503?", kit.facts(_reasons(conversation))),
    )


def way(conversation: Conversation) -> kit.Element:
    """The states in their usual order, the present one marked."""
    stages = _LOGIN if conversation.stage is Stage.AUTH else _WAY
    return kit.steps([stage.value for stage in stages], stages.index(conversation.stage))


def state_facts(conversation: Conversation) -> Iterator[tuple[kit.Node, kit.Node]]:
    """What is expected now, what is not, and the envelope so far."""
    yield "Expected now:", _verbs(conversation.allowed) or f"no verb: {conversation.why_not('NOOP')}"
    yield f"{conversation.refusal}:", _verbs(conversation.refused) or "nothing"
    yield "Envelope so far:", kit.said(conversation.envelope)


def _verbs(verbs: tuple[str, ...]) -> kit.Node:
    return kit.joined([kit.literal(verb) for verb in verbs], ", ") if verbs else None


def _reasons(conversation: Conversation) -> Iterator[tuple[kit.Node, kit.Node]]:
    for verb in conversation.refused:
        yield f"{verb}:", f"{conversation.why_not(verb)}."


# -- the picture -------------------------------------------------------------------------------------------------


class _Step(NamedTuple):
    """A step from one state to another, and how it is drawn.

    Attributes:
        source: where from.
        target: where to.
        what: what leads there.
        points: of the arrow.
        at: where the words stand.
    """

    source: Stage
    target: Stage
    what: str
    points: tuple[float, ...]
    at: tuple[float, float]


_TOP, _HEIGHT = 118, 46
_MIDDLE, _BOTTOM = _TOP + _HEIGHT / 2, _TOP + _HEIGHT
#: State → left edge, upper edge and width of its box.
_BOXES: Final = {
    Stage.CLOSED: (16, _TOP, 84),
    Stage.GREETED: (170, _TOP, 90),
    Stage.READY: (330, _TOP, 84),
    Stage.SENDER: (484, _TOP, 116),
    Stage.RECIPIENTS: (670, _TOP, 128),
    Stage.DATA: (868, _TOP, 128),
    Stage.AUTH: (300, 240, 210),
}
#: State → where the mark of the present one stands, free of arrows, and the mark.
_MARKS: Final = {
    Stage.CLOSED: (64, _TOP - 8, "▼ you are here"),
    Stage.GREETED: (215, _TOP - 8, "▼ you are here"),
    Stage.READY: (312, _TOP - 8, "▼ you are here"),
    Stage.SENDER: (542, _BOTTOM + 18, "▲ you are here"),
    Stage.RECIPIENTS: (735, _BOTTOM + 50, "▲ you are here"),
    Stage.DATA: (932, _BOTTOM + 18, "▲ you are here"),
    Stage.AUTH: (568, 268, "◀ you are here"),
}
_STEPS: Final = (
    _Step(Stage.CLOSED, Stage.GREETED, "connect", (100, _MIDDLE, 170, _MIDDLE), (134, _MIDDLE - 7)),
    _Step(Stage.GREETED, Stage.READY, "EHLO", (260, _MIDDLE, 330, _MIDDLE), (294, _MIDDLE - 7)),
    _Step(Stage.READY, Stage.SENDER, "MAIL", (414, _MIDDLE, 484, _MIDDLE), (448, _MIDDLE - 7)),
    _Step(Stage.SENDER, Stage.RECIPIENTS, "RCPT", (600, _MIDDLE, 670, _MIDDLE), (634, _MIDDLE - 7)),
    _Step(Stage.RECIPIENTS, Stage.RECIPIENTS, "RCPT again", (700, _BOTTOM, 735, 222, 770, _BOTTOM), (796, 196)),
    _Step(Stage.RECIPIENTS, Stage.DATA, "DATA", (798, _MIDDLE, 868, _MIDDLE), (832, _MIDDLE - 7)),
    _Step(Stage.SENDER, Stage.READY, "RSET", (542, _TOP, 470, 74, 398, _TOP), (462, 112)),
    _Step(Stage.RECIPIENTS, Stage.READY, "RSET, BDAT LAST", (720, _TOP, 555, 26, 384, _TOP), (555, 62)),
    _Step(Stage.DATA, Stage.READY, "a line with a lone dot", (930, _TOP, 650, -66, 368, _TOP), (650, 18)),
    _Step(Stage.READY, Stage.GREETED, "STARTTLS", (350, _BOTTOM, 285, 222, 220, _BOTTOM), (240, 212)),
    _Step(Stage.READY, Stage.AUTH, "AUTH, 334", (378, _BOTTOM, 378, 240), (386, 208)),
    _Step(Stage.AUTH, Stage.READY, "235, or refused", (490, 240, 500, 186, 410, _BOTTOM), (496, 214)),
)


def state_picture(stage: Stage) -> bytes:
    """The states and the steps between them; the present one is filled, the steps from it are strong."""
    drawing = Picture(1012, 300)
    for step in sorted(_STEPS, key=lambda step: step.source is stage):
        here = step.source is stage
        ink = kit.INFO.colour if here else FAINT
        drawing.arrow(step.points, stroke=ink, width=2.6 if here else 1.2)
        beside = step.target is Stage.AUTH or step.source is Stage.AUTH
        anchor = "start" if beside else "middle"
        drawing.words(*step.at, step.what, fill=INK if here else FAINT, bold=here, size=12, anchor=anchor)
    for state, (x, y, width) in _BOXES.items():
        here = state is stage
        drawing.box(
            x, y, width, _HEIGHT, fill=kit.INFO.colour if here else "#ffffff", edge=kit.INFO.colour if here else INK
        )
        drawing.words(x + width / 2, y + 28, state.value, fill="#ffffff" if here else INK, bold=here)
    drawing.words(*_MARKS[stage], bold=True)
    drawing.words(
        560, 288, "QUIT, or a 421 of the server, leads from everywhere to closed.", anchor="start", size=12, fill=FAINT
    )
    return drawing.octets()


def state_sentence(stage: Stage) -> str:
    """The picture in words."""
    onward = "; ".join(f"{step.what} leads to “{step.target.value}”" for step in _STEPS if step.source is stage)
    states = ", ".join(f"“{state.value}”" for state in _WAY)
    return (
        f"Diagram of an SMTP session: the states {states}, and beside them “{Stage.AUTH.value}”. "
        f"The session is now at “{stage.value}”. From here {onward}."
    )
