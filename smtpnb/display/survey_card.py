"""The card of a survey: counts in words, four small pictures of them, and a row for each host."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

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
_WIDTH, _LEFT, _BAR = 420, 150, 190
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
        kit.folded(f"Hosts: {plural(len(survey.reports), 'report')}", _hosts(survey)),
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
                "half are faster than, nine tenths are faster than: ",
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
    lines += [[kit.said(each.target.host, 120), ": ", kit.prose(each.error, 200)] for each in survey.errors[:20]]
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
    broken = " ".join(each.rule for each in report.findings if each.status == "fail") or "none"
    size = "-" if report.size is None else f"{report.size:,}"
    greeting = kit.said(report.banner[0], 80) if report.banner else "none"
    return kit.row(kit.said(report.shown, 100), report.status, report.tls or "none", size, broken, greeting)


# -- the pictures ------------------------------------------------------------------------------------------------


def _pictures(survey: "Survey", counted: "Tally") -> kit.Node:
    """Small multiples: the same bars for four questions. Their numbers follow as text."""
    drawn = [
        (_bars("Status", [(name, count, _COLOURS[name]) for name, count in survey.counts.items()]),
         f"Bars: hosts by status: {_said(survey.counts)}."),
        (_bars("TLS of those up", [(name, count, _PLAIN) for name, count in counted.tls.items()]),
         f"Bars: hosts by TLS version: {_said(counted.tls)}."),
        # Only keywords that we know are drawn: a picture's sentence quotes nobody.
        (_bars("EHLO keywords", [(name, count, _PLAIN) for name, count in _known(counted.keywords)]),
         f"Bars: hosts by EHLO keyword: {', '.join(f'{count:,} {name}' for name, count in _known(counted.keywords))}."),
    ]  # fmt: skip
    if options.show_timing is not False and counted.phases:
        drawn.append((_times(counted.phases), "Bars: median time of each phase, with a line to the nine-tenths point."))
    return kit.section([[kit.picture(svg, sentence), " "] for svg, sentence in drawn])


def _known(keywords: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(name, count) for name, count in keywords.items() if name in EXTENSIONS][:_KEYWORDS]


def _bars(name: str, rows: Sequence[tuple[str, int, str]]) -> bytes:
    drawing = Picture(_WIDTH, 36 + 20 * max(1, len(rows)))
    drawing.words(12, 20, name, anchor="start", bold=True)
    most = max((count for _, count, _ in rows), default=1) or 1
    for place, (label, count, colour) in enumerate(rows):
        y = 30 + 20 * place
        drawing.words(_LEFT - 8, y + 12, label, size=12, anchor="end")
        drawing.box(_LEFT, y + 2, _BAR * count / most, 12, fill=colour, edge=colour)
        drawing.words(_LEFT + _BAR * count / most + 6, y + 12, f"{count:,}", size=11, anchor="start", fill=FAINT)
    return drawing.octets()


def _times(phases: Mapping[str, tuple[float, float]]) -> bytes:
    drawing = Picture(_WIDTH, 36 + 20 * len(phases))
    drawing.words(12, 20, "Time per phase", anchor="start", bold=True)
    most = max(slow for _, slow in phases.values()) or 1.0
    for place, (phase, (median, slow)) in enumerate(phases.items()):
        y = 30 + 20 * place
        colour, label = PHASE_COLOURS[phase]
        drawing.words(_LEFT - 8, y + 12, label, size=12, anchor="end")
        drawing.box(_LEFT, y + 2, _BAR * median / most, 12, fill=colour, edge=colour)
        drawing.line(_LEFT + _BAR * median / most, y + 8, _LEFT + _BAR * slow / most, y + 8)
        drawing.words(_LEFT + _BAR * slow / most + 6, y + 12, _ms(median), size=11, anchor="start", fill=FAINT)
    return drawing.octets()
