"""The cards of a probe, a mail domain and a diff of two probes.

A probe's has the verdict in a sentence, the time of each phase, what is offered in the clear and inside TLS, what each
rule says, and what was said. A domain's has its records first; a diff is a table.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from smtpnb import options
from smtpnb.display import kit
from smtpnb.display.excerpt import excerpt
from smtpnb.display.ladder import ladder
from smtpnb.display.picture import Picture
from smtpnb.protocol.capabilities import Capabilities
from smtpnb.text import plural

if TYPE_CHECKING:
    from smtpnb.explore.domain import DomainReport
    from smtpnb.explore.report import Finding, ProbeReport, ReportDiff

#: Status of a finding → its tone. Each is a word too.
_TONES: Final = {"fail": kit.BAD, "warn": kit.TONES[4], "pass": kit.GOOD, "unknown": kit.Tone("#6a6f76", "?")}

#: Phase → its colour in the bar and what it is called. Next to each other they differ in lightness too.
PHASE_COLOURS: Final = {
    "resolve": ("#6a6f76", "look-up"), "connect": ("#b8bec6", "connect"), "greeting": ("#0f6fa8", "greeting"),
    "ehlo": ("#8fc5ea", "EHLO"), "starttls": ("#8a4b00", "STARTTLS"), "handshake": ("#e9b872", "handshake"),
    "ehlo_tls": ("#0b6b4f", "EHLO inside TLS"), "quit": ("#93d1bd", "QUIT"),
}  # fmt: skip
_WIDTH: Final = 760


def probe_card(report: "ProbeReport") -> kit.Element:
    """The report as a card."""
    tone = report_tone(report)
    return kit.card(
        tone,
        kit.heading(
            kit.glyph(tone), " ", kit.title("Probe of"), " ", kit.said(report.shown, 300), ": ", report.verdict
        ),
        kit.note(tone, "Why", [kit.prose(report.reason, 600)] if report.reason else []),
        kit.facts(_facts(report)),
        _time(report),
        _offers(report),
        _findings(report.findings),
        kit.folded(f"What was said: {report.transcript.summary}", ladder(report.transcript)),
        list(map(_folded, (report.others or ())[:100])),
    )


def _folded(report: "ProbeReport") -> kit.Element:
    """The card of one address among several, to unfold."""
    address = kit.said(report.address[0] if report.address else "no address")
    return kit.folded([kit.said(report.shown, 300), " at ", address, f": {report.status}"], probe_card(report))


def report_tone(report: "ProbeReport") -> kit.Tone:
    """Bad where the host is not up or breaks a rule; a warning where one is to be looked at."""
    if report.status != "up":
        return kit.BAD if report.status != "rate_limited" else kit.TONES[4]
    return _TONES["fail" if report.count("fail") else "warn" if report.count("warn") else "pass"]


def _facts(report: "ProbeReport") -> Iterator[tuple[kit.Node, kit.Node]]:
    yield "Status:", report.status
    if report.banner is not None:
        yield "Greeting:", [kit.section(kit.said(line, 300)) for line in report.banner[:4]]
    if report.others is not None:
        shown = ((each.address[0] if each.address else "-", each.status) for each in (report, *report.others))
        yield "Addresses:", kit.joined([[kit.said(ip), f" {status}"] for ip, status in shown], ", ")
    yield "TLS:", list(_tls(report))
    yield "AUTH:", list(_auth(report))


def _tls(report: "ProbeReport") -> Iterator[kit.Node]:
    """One line: version, cipher, whom the certificate is for."""
    if report.tls is None:
        yield report.tls_shown
        if report.tls_reason:
            yield [": ", kit.prose(report.tls_reason, 300)]
    elif report.tls in ("refused", "failed"):
        yield [report.tls, ": ", kit.prose(report.tls_reason, 300)]
    else:
        yield [kit.said(report.tls), f", {'from the first octet' if report.implicit_tls else 'by STARTTLS'}"]
        if report.cipher:
            yield [", ", kit.said(report.cipher[0])]
        if report.certificate:
            try:
                names = report.certificate.names[:6]
                yield [
                    ", certificate for ",
                    kit.joined([kit.said(name, 200) for name in names], ", ") if names else "no name",
                ]
                yield f", valid to {report.certificate.not_after:%Y-%m-%d}"
            except ValueError:
                yield ", a certificate that cannot be read"


def _auth(report: "ProbeReport") -> Iterator[kit.Node]:
    before, after = _mechanisms(report.ehlo), _mechanisms(report.ehlo_tls)
    if not report.implicit_tls:
        yield ["in the clear: ", before]
    if report.ehlo_tls is not None:
        yield ["" if report.implicit_tls else "; ", "inside TLS: ", after]


def _mechanisms(offered: Capabilities | None) -> kit.Node:
    if offered is None:
        return "not known"
    if not offered.mechanisms:
        return "not offered"
    return kit.joined([kit.said(name, 60) for name in offered.mechanisms[:20]], ", ")


# -- keywords ----------------------------------------------------------------------------------------------------


def _offers(report: "ProbeReport") -> kit.Node:
    """Two columns of keywords, and a third that says how they differ."""
    if report.ehlo is None and report.ehlo_tls is None:
        return None
    keywords = list(dict.fromkeys([*(report.ehlo or ()), *(report.ehlo_tls or ())]))
    both = report.ehlo is not None and report.ehlo_tls is not None
    columns = ["keyword", "○ in the clear", "🔒 inside TLS", *(["difference"] if both else [])]
    shown = excerpt(len(keywords), options.reply_lines)
    rows = [_offer(report, keywords[position], both=both) for position in (*shown.first, *shown.last)]
    if shown.left_out:
        gap = kit.muted(f"… {plural(shown.left_out, 'more keyword')} …")
        rows.insert(len(shown.first), kit.wide_row("", gap, columns=len(columns)))
    return kit.table([kit.strong("Offered: "), plural(len(keywords), "keyword"), "."], columns, rows)


def _offer(report: "ProbeReport", keyword: str, *, both: bool) -> kit.Element:
    before, after = (_parameters(offered, keyword) for offered in (report.ehlo, report.ehlo_tls))
    cells: list[kit.Node] = [_offered(report.ehlo, keyword), _offered(report.ehlo_tls, keyword)]
    if not both:
        return kit.row(kit.said(keyword, 100), *cells, headed=True)
    word = (
        ""
        if before == after
        else "only in the clear"
        if after is None
        else "only inside TLS"
        if before is None
        else "other parameters"
    )
    marked: list[kit.Node] = [kit.marked(cell, differs=bool(word)) for cell in cells]
    return kit.row(kit.said(keyword, 100), *marked, kit.strong(f"≠ {word}" if word else "= same"), headed=True)


def _parameters(offered: Capabilities | None, keyword: str) -> tuple[str, ...] | None:
    return offered[keyword] if offered is not None and keyword in offered else None


def _offered(offered: Capabilities | None, keyword: str) -> kit.Node:
    parameters = _parameters(offered, keyword)
    if parameters is None:
        return "not known" if offered is None else "no"
    return ["yes", [" ", kit.said(" ".join(parameters), 300)] if parameters else None]


# -- rules -------------------------------------------------------------------------------------------------------


def _findings(findings: Sequence["Finding"]) -> kit.Node:
    """What each rule says, faults first; what was not measured, to unfold."""
    measured = sorted(
        (each for each in findings if each.status != "unknown"), key=lambda each: list(_TONES).index(each.status)
    )
    rest = [each for each in findings if each.status == "unknown"]
    columns = ("finding", "what it asks", "evidence", "source")
    counts = ", ".join(f"{sum(each.status == status for each in findings)} {status}" for status in _TONES)
    blocks: list[kit.Node] = []
    if measured:
        blocks.append(kit.table([kit.strong("Findings: "), counts, "."], columns, map(_finding, measured)))
    if rest:
        table = kit.table([kit.strong("Not measured."), " These are no faults."], columns, map(_finding, rest))
        blocks.append(kit.folded(f"Not measured: {plural(len(rest), 'rule')}", table))
    return blocks


def _finding(finding: "Finding") -> kit.Element:
    tone = _TONES[finding.status]
    sources = kit.joined([kit.link(source) for source in finding.sources], ", ")
    # In one cell, the one that is never broken, not even where no style is left: the sign, its word, the rule.
    status: list[kit.Node] = [kit.glyph(tone), f"\N{NO-BREAK SPACE}{finding.status}\N{NO-BREAK SPACE}",
                              kit.strong(finding.rule)]  # fmt: skip
    return kit.row(status, finding.title, kit.prose(finding.evidence, 400), sources)


# -- time --------------------------------------------------------------------------------------------------------


def _time(report: "ProbeReport") -> kit.Node:
    if options.show_timing is False or not report.phases:
        return None
    parts = [(name, report.phases[name]) for name in PHASE_COLOURS if name in report.phases]
    words = ", ".join(f"{PHASE_COLOURS[name][1]} {_milliseconds(seconds)}" for name, seconds in parts)
    sentence = f"A bar split by phase, {_milliseconds(report.seconds)} in all: {words}."
    return [
        kit.section(kit.picture(phase_bar(parts), sentence)),
        kit.section(kit.strong("Time: "), _milliseconds(report.seconds), " in all: ", words, "."),
    ]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms"


def phase_bar(parts: Sequence[tuple[str, float]]) -> bytes:
    """One bar, a part for each phase, with a legend."""
    drawing = Picture(_WIDTH, 76)
    total = sum(seconds for _, seconds in parts) or 1.0
    x = 10.0
    for name, seconds in parts:
        width = (_WIDTH - 20) * seconds / total
        drawing.box(x, 10, width, 22, fill=PHASE_COLOURS[name][0], edge=PHASE_COLOURS[name][0])
        x += width
    for place, (name, _) in enumerate(parts):
        left, top = 10 + place % 4 * 186, 40 + place // 4 * 18
        drawing.box(left, top, 12, 11, fill=PHASE_COLOURS[name][0], edge=PHASE_COLOURS[name][0])
        drawing.words(left + 18, top + 10, PHASE_COLOURS[name][1], size=12, anchor="start")
    return drawing.octets()


# -- a domain, a diff --------------------------------------------------------------------------------------------


def domain_card(report: "DomainReport") -> kit.Element:
    """A mail domain: its records, its findings, and a folded card for each address."""
    up = sum(each.status == "up" for each in report.reports)
    tone = kit.GOOD if up and up == len(report.reports) else kit.TONES[4] if up else kit.BAD
    count = f"{up} of {plural(len(report.reports), 'address', 'addresses')} answer."
    return kit.card(
        tone,
        kit.heading(kit.glyph(tone), " ", kit.title("Mail domain"), " ", kit.said(report.domain, 300), f": {count}"),
        _findings(report.findings),
        kit.folded(_questions(report), _records(report)),
        list(map(_folded, report.reports[:100])),
    )  # fmt: skip


def _questions(report: "DomainReport") -> str:
    policies = sum(kind == "POLICY" for kind, _, _ in report.records)
    asked = f"Asked of the DNS: {plural(len(report.records) - policies, 'question')}"
    return f"{asked}; and of a web server: the MTA-STS policy" if policies else asked


def _records(report: "DomainReport") -> kit.Element:
    rows = (
        kit.row(
            kind,
            kit.said(name, 300),
            answer.outcome,
            kit.said("; ".join(answer.values), 600),
            kit.prose(answer.note, 200),
        )
        for kind, name, answer in report.records[:200]
    )
    return kit.table(
        [kit.strong("Records: "), "DNSSEC not validated here."], ("kind", "name", "answer", "values", "note"), rows
    )


def diff_card(diff: "ReportDiff") -> kit.Element:
    """Two reports: what differs, one row each."""
    tone = kit.TONES[4] if diff else kit.GOOD
    heads = [kit.said(host, 200) for host in diff.hosts]
    shown = excerpt(len(diff.changes), options.ladder_rows)
    changes = [diff.changes[position] for position in (*shown.first, *shown.last)]
    rows = [kit.row(kit.prose(each.what, 200), _side(each.before), _side(each.after)) for each in changes]
    return kit.card(
        tone,
        kit.heading(kit.glyph(tone), " ", kit.title("Two probes:"), " ", plural(len(diff.changes), "difference"), "."),
        kit.table([heads[0], " → ", heads[1]], ("what", "first", "second"), rows) if rows else None,
        kit.section(kit.muted(f"… {plural(shown.left_out, 'more difference')}")) if shown.left_out else None,
    )


def _side(text: str) -> kit.Node:
    """What one report says: a finding's status is our word, anything else may be the server's."""
    return kit.unbroken(text) if text in _TONES else kit.said(text, 400)
