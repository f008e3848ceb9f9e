"""The card of a survey: counts in words, four small pictures of them, and a row for each host."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from smtpnb import options
from smtpnb.display import kit
from smtpnb.display.excerpt import excerpt
from smtpnb.display.picture import FAINT, Picture
from smtpnb.display.probe_card import PHASE_COLOURS
from smtpnb.knowledge.extensions import EXTENSIONS
from smtpnb.text import plural

if TYPE_CHECKING:
    from smtpnb.explore.results import Survey
    from smtpnb.explore.tally import Tally

#: Keywords in the picture, and rows of hosts in the card.
_KEYWORDS, _HOSTS = 12, 40
#: Hosts that need no folding; characters of a host's name that are kept on one line.
_FEW, _NAME = 10, 24
#: Pixels of a panel: its width, where bars begin, the longest bar, a row.
_WIDTH, _LEFT, _LENGTH, _STEP = 420, 174, 150, 20
_COLOURS: Final = {
    "up": kit.GOOD.colour, "refused": kit.BAD.colour, "timeout": "#a8620a", "closed": "#8a4b00", "rejected": "#b03a6a",
    "rate_limited": "#7a6a00", "unresolved": "#6a6f76", "protocol_error": "#5b3fa0", "pending": "#b8bec6",
}  # fmt: skip
_PLAIN: Final = "#0f6fa8"


def survey_card(survey: "Survey") -> kit.Element:
    """The survey as a card. Where much was asked, `table()` is there for searching and sorting."""
    counted = survey.tally
    tone = kit.GOOD if set(survey.counts) <= {"up"} else kit.TONES[4] if survey.counts.get("up") else kit.BAD
    return kit.card(
        tone,
        kit.heading(kit.glyph(tone), " ", kit.title("Survey of"), " ", plural(len(survey.targets), "server"), ": ",
                    survey.summary, "."),
        _pictures(survey, counted),
        kit.facts(_facts(survey, counted)),
        _problems(survey),
        kit.folded(
            f"Hosts: {plural(len(survey.reports), 'report')}", _hosts(survey), is_open=len(survey.reports) <= _FEW
        ),
    )  # fmt: skip


def _facts(survey: "Survey", counted: "Tally") -> Iterator[tuple[kit.Node, kit.Node]]:
    yield "Status:", _said(survey.counts)
    yield "TLS:", _said(counted.tls) or "no host is up"
    if counted.keywords:
        shown = list(counted.keywords.items())[:_KEYWORDS]
        more = f", {len(counted.keywords) - len(shown):,} more" if len(counted.keywords) > len(shown) else ""
        yield "Keywords:", [kit.joined([[kit.said(name, 40), f" {count:,}"] for name, count in shown], ", "), more]
    if counted.phases and options.show_timing is not False:
        yield (
            "Time:",
            [
                "half of the hosts, nine tenths of them within: ",
                "; ".join(
                    f"{PHASE_COLOURS[name][1]} {_ms(span[0])}, {_ms(span[1])}" for name, span in counted.phases.items()
                ),
            ],
        )


def _said(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms"


def _problems(survey: "Survey") -> kit.Node:
    if not survey.problems and not survey.errors:
        return None
    lines = [
        [f"line {each.line}: ", kit.said(each.text, 120), ": ", kit.prose(each.why, 200)]
        for each in survey.problems[:20]
    ]
    lines += [[kit.said(each.target.shown, 120), ": ", kit.prose(each.error, 200)] for each in survey.errors[:20]]
    more = len(survey.problems) + len(survey.errors) - len(lines)
    return kit.note(kit.TONES[4], "Left out", [*lines, f"{more:,} more"] if more else lines)


def _hosts(survey: "Survey") -> kit.Element:
    reports = survey.reports
    shown = excerpt(len(reports), _HOSTS)
    columns = ("host", "status", "TLS", "size", "broken rules", "greeting")
    rows = [_host(survey, position) for position in shown.first]
    if shown.left_out:
        gap = kit.muted(f"… {shown.left_out:,} more; table() shows all, records has all …")
        rows.append(kit.wide_row("", gap, columns=len(columns)))
    rows += [_host(survey, position) for position in shown.last]
    return kit.table([kit.strong("Hosts"), " in the order they were given."], columns, rows)


def _host(survey: "Survey", position: int) -> kit.Element:
    report = survey.reports[position]
    broken = " ".join(each.rule for each in report.findings if each.status == "fail")
    measured = any(each.status != "unknown" for each in report.findings)
    size = "-" if report.size is None else f"{report.size:,}"
    greeting = kit.said(report.banner[0], 80) if report.banner else "none"
    ours = map(kit.unbroken, (report.status, report.tls_shown, size))
    host = kit.roomy(kit.said(report.shown, 100), min(len(report.shown), _NAME))
    return kit.row(host, *ours, broken or ("none" if measured else "not known"), greeting)


# -- the picture -------------------------------------------------------------------------------------------------


class _Bar(NamedTuple):
    """A bar: its name, how long it is, how far the line behind it goes, what is written at its end."""

    name: str
    length: float
    reach: float
    words: str
    colour: str


def _pictures(survey: "Survey", counted: "Tally") -> kit.Node:
    """Small multiples: the same bars for four questions. The numbers follow as text."""
    panels = [
        ("Hosts by status", [_count(name, count, _COLOURS[name]) for name, count in survey.counts.items()]),
        ("TLS of those up", [_count(name, count) for name, count in counted.tls.items()]),
        # Only keywords that we know are drawn: a picture quotes nobody.
        ("EHLO keywords", [_count(name, count) for name, count in _known(counted.keywords)]),
    ]
    if options.show_timing is not False and counted.phases:
        panels.append(
            ("Time per phase: median, line to nine tenths", [_time(*each) for each in counted.phases.items()])
        )
    sentence = "; ".join(
        f"{name}: {', '.join(f'{bar.name} {bar.words}' for bar in bars) or 'none'}" for name, bars in panels
    )
    return kit.section(kit.picture(_panels(panels), f"Bars. {sentence}."))


def _known(keywords: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(name, count) for name, count in keywords.items() if name in EXTENSIONS][:_KEYWORDS]


def _count(name: str, count: int, colour: str = _PLAIN) -> _Bar:
    return _Bar(name, count, count, f"{count:,}", colour)


def _time(phase: str, span: tuple[float, float]) -> _Bar:
    colour, name = PHASE_COLOURS[phase]
    return _Bar(name, *span, _ms(span[0]), colour)


def _panels(panels: Sequence[tuple[str, Sequence[_Bar]]]) -> bytes:
    """The panels, two beside each other."""
    pairs = [panels[start : start + 2] for start in range(0, len(panels), 2)]
    heights = [40 + _STEP * max(1, *(len(bars) for _, bars in pair)) for pair in pairs]
    drawing = Picture(2 * _WIDTH, sum(heights))
    top = 0.0
    for pair, height in zip(pairs, heights, strict=True):
        for place, (name, bars) in enumerate(pair):
            _panel(drawing, place * _WIDTH, top, name, bars)
        top += height
    return drawing.octets()


def _panel(drawing: Picture, left: float, top: float, name: str, bars: Sequence[_Bar]) -> None:
    drawing.words(left + 12, top + 20, name, anchor="start", bold=True)
    most = max((bar.reach for bar in bars), default=0.0) or 1.0
    begin = left + _LEFT
    for place, bar in enumerate(bars):
        y = top + 30 + _STEP * place
        end, reach = begin + _LENGTH * bar.length / most, begin + _LENGTH * bar.reach / most
        drawing.words(begin - 8, y + 12, bar.name, size=12, anchor="end")
        drawing.box(begin, y + 2, end - begin, 12, fill=bar.colour, edge=bar.colour)
        if reach > end:
            drawing.line(end, y + 8, reach, y + 8)
        drawing.words(reach + 6, y + 12, bar.words, size=11, anchor="start", fill=FAINT)
