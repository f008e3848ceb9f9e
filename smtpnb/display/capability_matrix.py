"""What a server offers: each EHLO keyword, what it is for, and how the list changed with TLS and login.

A server may offer less, more, or other things inside TLS and after login (RFC 3207 §4.2, RFC 4954 §4), so the lists
are shown side by side, with a word and a mark for each change.
"""

from collections.abc import Iterator, Sequence

from smtpnb import options
from smtpnb.display import kit
from smtpnb.display.excerpt import excerpt
from smtpnb.knowledge import extensions
from smtpnb.knowledge.rfc import Reference
from smtpnb.protocol.capabilities import Capabilities
from smtpnb.text import plural

#: How many EHLO replies are put side by side; of more, the first and the last.
_COLUMNS = 6


def capability_card(capabilities: Capabilities) -> kit.Element:
    """One list of capabilities as a table."""
    return capability_matrix([capabilities])


def capability_matrix(history: Sequence[Capabilities]) -> kit.Element:
    """The lists of several EHLO replies side by side, in their order."""
    shown = excerpt(len(history), _COLUMNS)
    lists = [history[position] for position in (*shown.first, *shown.last)]
    keywords = list(dict.fromkeys(keyword for capabilities in lists for keyword in capabilities))
    if not keywords:
        return kit.card(kit.INFO, kit.section("No extensions: nothing was offered yet (EHLO asks for them)."))
    columns = ["extension", *(_moment(each) for each in lists), "what it is for", "defined in"]
    return kit.table(_caption(shown.left_out, keywords, lists), columns, _rows(keywords, lists))


def _caption(left_out: int, keywords: Sequence[str], lists: Sequence[Capabilities]) -> kit.Node:
    unseen = f"; {plural(left_out, 'EHLO reply', 'EHLO replies')} between not shown" if left_out else ""
    forgotten: kit.Node = None
    if any(not each.secure for each in lists) and any(each.secure for each in lists):
        forgotten = [" What was offered in the clear is forgotten after TLS (", kit.link(Reference(3207, "4.2")), ")."]
    return [kit.strong("What the server offers: "), plural(len(keywords), "extension"), unseen, ".", forgotten]


def _moment(capabilities: Capabilities) -> str:
    return kit.channel(secure=capabilities.secure) + (", logged in" if capabilities.authenticated else "")


def _rows(keywords: Sequence[str], lists: Sequence[Capabilities]) -> Iterator[kit.Element]:
    shown = excerpt(len(keywords), options.reply_lines)
    for position in shown.first:
        yield _row(keywords[position], lists)
    if shown.left_out:
        gap = f"… {plural(shown.left_out, 'more extension')} …"
        yield kit.wide_row("", kit.muted(gap), columns=len(lists) + 3)
    for position in shown.last:
        yield _row(keywords[position], lists)


def _row(keyword: str, lists: Sequence[Capabilities]) -> kit.Element:
    extension = extensions.row(keyword)
    before: list[Capabilities | None] = [None, *lists[:-1]]
    offers = [_offer(keyword, now, earlier) for now, earlier in zip(lists, before, strict=True)]
    purpose = [
        extension.purpose,
        _reading(keyword, lists[-1]),
        kit.muted(" ", extension.parameters) if extension.parameters else None,
    ]
    return kit.row(kit.said(keyword, 100), *offers, purpose, kit.link(extension.reference) or "no RFC", headed=True)


def _offer(keyword: str, now: Capabilities, before: Capabilities | None) -> kit.Node:
    """A mark, a word for what is new, and the parameters."""
    if keyword not in now:
        return kit.muted("— gone" if before and keyword in before else "— no")
    word = "added" if before is not None and keyword not in before else "yes"
    parameters = " ".join(now[keyword])
    return [kit.glyph(kit.GOOD), f" {word}", [": ", kit.said(parameters, 200)] if parameters else None]


def _reading(keyword: str, capabilities: Capabilities) -> str | None:
    """The parameters in words, where that says more than they do."""
    if keyword == "SIZE" and capabilities.size:
        return f" Here: {capabilities.size:,} octets, about {capabilities.size / 2**20:,.1f} MiB."
    return None
