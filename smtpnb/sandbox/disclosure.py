"""What VRFY and EXPN tell (RFC 5321 §3.5): everything, something, or nothing, by name.

Each mode is one function from an argument to an answer; a server's choice of modes is a `Disclosure`.
"""

from collections.abc import Callable, Mapping
from typing import Final

from smtpnb.sandbox.address import Address, address
from smtpnb.sandbox.answer import Answer, answer
from smtpnb.sandbox.directory import Directory, Entry
from smtpnb.sandbox.kinds import mapping
from smtpnb.sandbox.suggestion import one_of

#: What a mode makes of an argument.
Mode = Callable[[Directory, str], Answer]


def _hidden(directory: Directory, name: str) -> Answer:  # noqa: ARG001 - hiding looks at nobody
    return answer(252, "2.0.0", "Cannot say, but will take mail and try to deliver it")


def _off(directory: Directory, name: str) -> Answer:  # noqa: ARG001 - likewise
    return answer(502, "5.5.1", "Not implemented here")


def _verified(directory: Directory, name: str) -> Answer:
    """250 for one, 553 for several, 550 for nobody (RFC 5321 §3.5.1)."""
    redirected = directory.redirected(name)
    if redirected is not None:
        return redirected
    found = directory.named(name)
    if len(found) > 1:
        return _several(found)
    if found and found[0].members is not None:
        return answer(550, "5.1.1", "That is a mailing list, not a user: ask EXPN")
    if found:
        return answer(250, "2.1.5", str(found[0]))
    elsewhere = address(name)
    if elsewhere is not None and not directory.is_local(elsewhere):
        return _hidden(directory, name)
    return answer(550, "5.1.1", "No such user here")


def _several(found: tuple[Entry, ...]) -> Answer:
    return answer(553, "5.1.4", "Ambiguous; possibilities are", *map(str, found))


def _ambiguous(directory: Directory, name: str) -> Answer:
    found = directory.named(name)
    return _several(found) if found else answer(553, "5.1.4", "Ambiguous: give the whole address")


def _members(directory: Directory, name: str) -> tuple[str, ...] | Answer:
    found = directory.named(name)
    lists = [entry for entry in found if entry.members is not None]
    if lists:
        return directory.members(lists[0])
    if found:
        return answer(550, "5.1.1", "That is a user, not a mailing list: ask VRFY")
    return answer(550, "5.1.1", "No such mailing list here")


def _shown(directory: Directory, name: str) -> Answer:
    """One line for each member; a nested list is a member, not expanded (RFC 5321 §3.5.2)."""
    members = _members(directory, name)
    return members if isinstance(members, Answer) else answer(250, "2.1.5", *(members or ("This list is empty",)))


def _unnamed(directory: Directory, name: str) -> Answer:
    """As `_shown`, without full names, as some servers do."""
    shown = _shown(directory, name)
    bare = (line[line.find("<") :] if line.endswith(">") else line for line in shown.lines)
    return Answer(shown.code, shown.status, tuple(bare))


def _denied(directory: Directory, name: str) -> Answer:
    members = _members(directory, name)
    return members if isinstance(members, Answer) else answer(550, "5.7.2", "You may not expand this mailing list")


#: How VRFY may answer.
VRFY: Final[Mapping[str, Mode]] = {"verify": _verified, "hide": _hidden, "ambiguous": _ambiguous, "off": _off}

#: How EXPN may answer.
EXPN: Final[Mapping[str, Mode]] = {"show": _shown, "unnamed": _unnamed, "deny": _denied, "hide": _hidden, "off": _off}


class Disclosure:
    """How much is told of whom.

    Args:
        choice: one mode for all, or modes by name or address; "*" stands for all others.
        modes: the modes there are; the first is the default.
        option: the option's name, for messages.

    Raises:
        ValueError: no such mode.
        TypeError: neither a mode nor a mapping.
    """

    def __init__(self, choice: str | Mapping[str, str], modes: Mapping[str, Mode], option: str) -> None:
        self.option = option
        #: As it was asked for; None where it is the default.
        self.choice = None if choice in (next(iter(modes)), {}) else choice
        if isinstance(choice, str):
            choice = {"*": choice}
        if not isinstance(choice, Mapping):
            raise TypeError(f"{option} is a mode or a mapping of names to modes, not {type(choice).__name__}")
        mapping(choice, option)
        for mode in choice.values():
            one_of(mode, modes, f"the {option} mode")
        self._modes = modes
        self._names = [name.strip("<>").casefold() for name in choice if name != "*"]
        self._default = choice.get("*", next(iter(modes)))
        self._choices = {_key(name): mode for name, mode in choice.items()}

    def check(self, directory: Directory) -> None:
        """Refuses a choice for a name that does not exist.

        Raises:
            ValueError: the name is in no entry of the directory.
        """
        known = {text for local, domain in directory.keys for text in (local, f"{local}@{domain}")}
        for name in self._names:
            one_of(name, known, f"the {self.option} name")

    @property
    def off(self) -> bool:
        """Whether nothing is ever told, so that EHLO does not offer it."""
        return set(self._choices.values()) == {"off"}

    def answer(self, directory: Directory, name: str) -> Answer:
        """The answer to VRFY or EXPN of `name`."""
        return self._modes[self._choices.get(_key(name), self._default)](directory, name)


def _key(name: str) -> str:
    """The local part, without case: how a name is looked up."""
    at = address(name)
    return at.key[0] if isinstance(at, Address) else name.strip("<>").casefold()
