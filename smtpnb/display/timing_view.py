"""How long each exchange took, as a picture of bars on one time axis and as the numbers beneath."""

from collections.abc import Iterator
from typing import Final

from smtpnb import options
from smtpnb.display import kit
from smtpnb.display.excerpt import excerpt
from smtpnb.display.picture import FAINT, INK, Picture
from smtpnb.knowledge.verbs import VERBS
from smtpnb.text import plural, shortened
from smtpnb.timing import Lap, TimedSession, Timing, milliseconds

_COLUMNS: Final = ("sent at", "sending", "waiting", "command", "reply")
#: Bars and sessions in one picture; of more, the first and the last.
_BARS, _SESSIONS = 40, 6
_SENDING, _WAITING = "#a8620a", "#9cc4ee"
_LEFT, _AXIS, _ROW_HEIGHT = 150, 560, 20


def timing_view(timing: Timing) -> kit.Element:
    """The times as a card: picture, then numbers."""
    shown = timing.sessions[:_SESSIONS]
    more = len(timing.sessions) - len(shown)
    return kit.card(
        kit.INFO,
        kit.heading(kit.title("Round-trip times:"), " from sending a command to its whole reply."),
        kit.picture(timing_picture(shown), _sentence(shown)),
        _comparison(shown),
        kit.section(kit.muted(f"… {plural(more, 'more session')} not shown")) if more else None,
        [_table(session) for session in shown],
    )


def _sentence(sessions: tuple[TimedSession, ...]) -> str:
    """The picture in words; numbers alone, as a label may be anybody's."""
    parts = (f"session {number}: {session.summary}" for number, session in enumerate(sessions, 1))
    return f"Bars on one time axis, a bar for each exchange, split into sending and waiting. {'; '.join(parts)}."


def _comparison(sessions: tuple[TimedSession, ...]) -> kit.Node:
    """How the others compare with the first."""
    first = sessions[0] if sessions else None
    if first is None or len(sessions) < 2 or not first.span:
        return None
    rows = (
        (kit.prose(f"{session.label}:", 100), f"{session.span / first.span:,.2f} times as long as the first")
        for session in sessions[1:]
    )
    return kit.facts(rows)


def _table(session: TimedSession) -> kit.Element:
    caption: list[kit.Node] = [kit.strong(kit.prose(session.label, 100), ": "), session.summary, "."]
    return kit.table(caption, _COLUMNS, _rows(session))


def _rows(session: TimedSession) -> Iterator[kit.Element]:
    shown = excerpt(len(session.laps), min(options.ladder_rows, 100))
    for position in shown.first:
        yield _row(session.laps[position])
    if shown.left_out:
        yield kit.wide_row("", kit.muted(f"… {plural(shown.left_out, 'more exchange')} …"), columns=len(_COLUMNS))
    for position in shown.last:
        yield _row(session.laps[position])


def _row(lap: Lap) -> kit.Element:
    command = [kit.said(lap.command, 200), kit.muted(" (pipelined)") if lap.pipelined else None]
    times = (milliseconds(seconds) for seconds in (lap.begin, lap.sending, lap.waiting))
    return kit.row(*times, command, str(lap.code or "none"))


# -- the picture -------------------------------------------------------------------------------------------------


def timing_picture(sessions: tuple[TimedSession, ...]) -> bytes:
    """The bars of all sessions on one time axis."""
    bars = [(session, *_bars(session)) for session in sessions]
    height = 64 + sum(26 + _ROW_HEIGHT * len(laps) for _, laps, _ in bars)
    drawing = Picture(_LEFT + _AXIS + 110, height)
    span = max((session.span for session in sessions), default=0.0) or 1.0
    _legend(drawing)
    y = 34.0
    for session, laps, left_out in bars:
        drawing.words(12, y + 14, shortened(session.label, 60) + left_out, anchor="start", bold=True)
        y += 24
        for lap in laps:
            _bar(drawing, y, lap, span)
            y += _ROW_HEIGHT
        y += 2
    _ticks(drawing, y, span)
    return drawing.octets()


def _bars(session: TimedSession) -> tuple[list[Lap], str]:
    shown = excerpt(len(session.laps), _BARS)
    laps = [session.laps[position] for position in (*shown.first, *shown.last)]
    return laps, f" ({shown.left_out:,} between not drawn)" if shown.left_out else ""


def _legend(drawing: Picture) -> None:
    for x, fill, name in ((_LEFT, _SENDING, "sending"), (_LEFT + 110, _WAITING, "waiting for the reply")):
        drawing.box(x, 12, 18, 12, fill=fill)
        drawing.words(x + 24, 22, name, size=12, anchor="start")


def _bar(drawing: Picture, y: float, lap: Lap, span: float) -> None:
    """A bar: what was sent at its left, how long it took at its right. Only verbs we know are written into it."""
    verb = lap.verb.upper()
    name = verb if verb in VERBS else lap.verb if lap.verb == "(greeting)" else "content" if verb == "." else "other"
    drawing.words(_LEFT - 8, y + 12, f"↳ {name}" if lap.pipelined else name, size=12, anchor="end")
    begin, split, end = (_LEFT + _AXIS * at / span for at in (lap.begin, lap.begin + lap.sending, lap.end))
    drawing.box(begin, y + 2, max(split - begin, 1), 12, fill=_SENDING, edge=_SENDING)
    drawing.box(split, y + 2, end - split, 12, fill=_WAITING, edge=FAINT)
    drawing.words(end + 6, y + 12, milliseconds(lap.sending + lap.waiting), size=11, anchor="start", fill=FAINT)


def _ticks(drawing: Picture, y: float, span: float) -> None:
    step = _step(span)
    drawing.line(_LEFT, y, _LEFT + _AXIS, y)
    for number in range(int(span / step) + 1):
        x = _LEFT + _AXIS * number * step / span
        drawing.line(x, y, x, y + 5)
        drawing.words(x, y + 20, f"{number * step * 1000:g}", size=11, fill=INK)
    drawing.words(_LEFT + _AXIS + 24, y + 20, "ms", size=11, anchor="start")


def _step(span: float) -> float:
    """A round number that goes into `span` three to eight times."""
    size = 10.0 ** (len(f"{span * 1e9:.0f}") - 10)
    return next((size * part for part in (0.1, 0.2, 0.5, 1, 2, 5) if span / (size * part) <= 8), size * 10)
