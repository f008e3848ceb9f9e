"""The exercises of notebook 06: a member's line read, and lists in lists expanded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from smtpnb.exercises.exercise import Exercise, NotAnswered
from smtpnb.exercises.judging import Case, function, is_open
from smtpnb.exercises.running import Run, run, shown
from smtpnb.sandbox import Sandbox

# -- a member's line ---------------------------------------------------------------------------------------------

_MEMBERS: Final = {
    "Alice Liddell <alice@example.org>": ("Alice Liddell", "alice@example.org"),
    "<dave@example.net>": ("", "dave@example.net"),
    "2.1.5 Bob <bob@example.org>": ("Bob", "bob@example.org"),
    "2.1.5 <dave@example.net>": ("", "dave@example.net"),
    "carol@example.org": ("", "carol@example.org"),
    "2.1.5 carol@example.org": ("", "carol@example.org"),
    "Dr. Zoë van der Berg <zoe@example.org>": ("Dr. Zoë van der Berg", "zoe@example.org"),
    "Team 2.1.5 <team@example.org>": ("Team 2.1.5", "team@example.org"),
}


def _read(line: str, *, status: bool = True, brackets: bool = False, bare: bool = True) -> tuple[str, str]:
    first, _, rest = line.partition(" ")
    if status and first[:2] == "2." and rest:
        line = rest
    if "<" not in line:
        return ("", line) if bare else (line, "")
    name, _, address = line.partition("<")
    return name.strip(), f"<{address}" if brackets else address.rstrip(">")


_full_name = function(
    "full_name",
    [Case((line,), wanted) for line, wanted in _MEMBERS.items()],
    [
        (lambda line: _read(line, brackets=True), "The brackets are not part of the address."),
        (lambda line: _read(line, status=False),
         "The name still has the enhanced status code: 2.1.5 at the beginning of a line is none of the name's words."),
        (lambda line: _read(line, bare=False), "A line may hold a bare address, without name and brackets."),
        (lambda line: (_read(line)[0].split(" ")[0], _read(line)[1]), "A name can have several words."),
        (lambda line: tuple(reversed(_read(line))), "The other way round: first the name, then the address."),
        (lambda line: _read(line)[1], 'Both are wanted: the name, "" where there is none, and the address.'),
    ],
)  # fmt: skip

# -- lists in lists ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Lists:
    """Lists to expand.

    Attributes:
        what: the lists in a few words.
        lists: members by list.
        name: which to expand.
        people: whom that is.
        mode: how EXPN answers.
    """

    what: str
    lists: Mapping[str, Sequence[str]] | None
    name: str
    people: frozenset[str]
    mode: str = "show"


_BOXES: Final = ("alice", "bob", "carol", "postmaster")
_ALL: Final = frozenset({"alice@example.org", "bob@example.org", "carol@example.org"})
_TEAMS: Final = {"a": ("b", "alice"), "b": ("c", "bob"), "c": ("carol",)}
_RING: Final = {"a": ("b", "alice"), "b": ("a", "bob", "b")}

_LISTS: Final = (
    _Lists("a flat list", None, "staff", _ALL),
    _Lists("a list in a list", None, "everyone", _ALL | {"dave@example.net"}),
    _Lists("three lists deep", _TEAMS, "a", _ALL),
    _Lists("lists that contain each other", _RING, "a", frozenset({"alice@example.org", "bob@example.org"})),
    _Lists("lines without names", _RING, "b", frozenset({"alice@example.org", "bob@example.org"}), "unnamed"),
    _Lists("a list with one member", _TEAMS, "c", frozenset({"carol@example.org"})),
)


def _expand_all(answer: Any) -> str | None:
    if not callable(answer):
        return f"expand_all should be a function; this is {shown(answer)}."
    return next(filter(None, (_expanded(answer, lists) for lists in _LISTS)), None)


def _expanded(answer: Callable[..., Any], lists: _Lists) -> str | None:
    options: dict[str, Any] = {} if lists.lists is None else {"lists": lists.lists, "mailboxes": _BOXES}
    with Sandbox(in_memory=True, expn=lists.mode, **options) as sandbox, sandbox.client() as client:
        client.ehlo()
        before = len(client.transcript)
        ran = run(answer, client, lists.name)
        if not ran.trouble and is_open(ran.value) and len(client.transcript) == before:
            raise NotAnswered
    return _unlike(ran, lists)


def _unlike(ran: Run, lists: _Lists) -> str | None:
    met = f"With {lists.what}: "
    if ran.trouble:
        guard = (
            " Remember the lists that you have asked about." if "end" in ran.trouble or "ever" in ran.trouble else ""
        )
        return f"{met}it {ran.trouble}.{guard}"
    if not isinstance(ran.value, set | frozenset | list | tuple):
        return f"{met}it returned {shown(ran.value)}; wanted is a set of addresses."
    return _difference(set(ran.value), lists, met)


def _difference(given: set[Any], lists: _Lists, met: str) -> str | None:
    if given == lists.people:
        return None
    names = {f"{name}@example.org" for name in (*(lists.lists or ()), "staff", "everyone")}
    if any(isinstance(member, str) and " " in member for member in given):
        return f"{met}{shown(sorted(map(str, given)))} holds whole lines. full_name(line) gives the address."
    if given & names:
        return f"{met}{shown(sorted(given & names))} is a list and no person: ask EXPN about it, too."
    missing = lists.people - given
    if missing:
        return f"{met}{shown(sorted(missing))} is missing."
    return f"{met}{shown(sorted(map(str, given - lists.people)))} does not belong there."


EXERCISES: Final = (
    Exercise(
        "full_name",
        "06",
        'Write full_name(line): the name ("" where there is none) and the address of one line of EXPN\'s reply.',
        ("full_name",),
        (
            "A line has up to three parts: an enhanced status code, a name, an address with or without brackets.",
            'Take the status code off first, if the first word is one ("2.1.5"). Then cut at "<".',
            're.fullmatch(r"(?:\\d\\.\\d+\\.\\d+ )?(.*?) ?<?([^<> ]+)>?", line).groups()',
        ),
        _full_name,
        "One function for every server's lines: with names, without, with status codes, bare.",
    ),
    Exercise(
        "expand_all",
        "06",
        "Write expand_all(client, name): the set of all addresses on a list, the lists on it expanded, too.",
        ("expand_all",),
        (
            "Ask EXPN about the list, and then about each member: for a list the answer is 250, for a person 550.",
            "Keep two sets: whom you have asked about already, and who turned out to be a person.",
            "waiting = [name]; seen = set(); people = set(); while waiting: take one, and if it is new, add it to seen and ask. If the reply is a success, its members wait, too; else it is a person.",
        ),
        _expand_all,
        "The set of what was seen is the guard: without it, two lists that contain each other never end.",
    ),
)
