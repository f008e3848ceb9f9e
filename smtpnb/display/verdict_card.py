"""The card of a verdict on an exercise: right, not quite or not answered yet; why; and hints, folded away."""

from typing import Any, Final

from smtpnb.display import kit

#: The state → its tone and title.
_STATES: Final = {
    "right": (kit.GOOD, "Right"),
    "not quite": (kit.TONES[4], "Not quite"),
    "not answered yet": (kit.INFO, "Not answered yet"),
}


def verdict_card(verdict: Any) -> kit.Element:
    """A verdict as a card. What a learner's own code gave is quoted as untrusted text."""
    tone, title = _STATES[verdict.state]
    hints = (kit.folded(f"Hint {number}", kit.section(kit.prose(hint, _WHOLE)))
             for number, hint in enumerate(verdict.hints, 1))  # fmt: skip
    return kit.card(
        tone,
        kit.heading(kit.glyph(tone), " ", kit.title(title), ": ", kit.said(verdict.name, 200)),
        verdict.state != "right"
        and verdict.task
        and kit.section(kit.strong("Task:"), " ", kit.prose(verdict.task, _WHOLE)),
        verdict.given and kit.section(kit.strong("Your answer:"), " ", kit.said(verdict.given, _WHOLE)),
        kit.section(kit.prose(verdict.because, _WHOLE)),
        list(hints),
    )


#: Characters shown of a sentence: `running.shown` has cut what is not ours.
_WHOLE: Final = 1_500
