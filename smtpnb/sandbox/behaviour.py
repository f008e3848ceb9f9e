# ruff: noqa: ARG002 - a hook that does nothing still takes what the others need
"""Behaviours: what makes one server differ from another, as values hung on a few named points of a session.

A behaviour is a frozen dataclass. It is asked at four points and changes nothing but what it returns:

* `capabilities`: which lines EHLO gives,
* `before`: a reply in place of doing what a command asks,
* `recipient`: a reply in place of accepting a recipient whose address is in order,
* `answered`: what is sent for a reply: other octets, pauses, an end.

The first reply wins; changes of lines and steps are applied in order. `policy` holds the behaviours of well-run
servers, `fault` those of broken ones. A behaviour holds no socket and reads no clock but `Moment.clock`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import ClassVar, Final

from smtpnb.sandbox.address import Address
from smtpnb.sandbox.answer import Answer
from smtpnb.sandbox.clock import Clock
from smtpnb.sandbox.kinds import fields_of_kind
from smtpnb.sandbox.steps import Step
from smtpnb.sandbox.suggestion import one_of

#: The verbs this server knows (RFC 5321 §4.1.1, 3030, 3207, 4954).
VERBS: Final = (
    "EHLO",
    "HELO",
    "MAIL",
    "RCPT",
    "DATA",
    "BDAT",
    "RSET",
    "NOOP",
    "HELP",
    "VRFY",
    "EXPN",
    "STARTTLS",
    "AUTH",
    "QUIT",
)

#: The points a reply belongs to: the greeting, a verb, the reply behind the end of mail data.
POINTS: Final = ("CONNECT", *VERBS, "CONTENT")


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a session stands when a behaviour is asked.

    Attributes:
        point: one of `POINTS`, or a verb that this server does not know.
        occurrence: how often this point was reached in this session, this time included.
        session: the number of the session in its sandbox, from 1.
        reply: the number of the reply in its session, from 1.
        secure: whether TLS is on.
        authenticated_as: the login, or None.
        sender: the reverse-path of the mail transaction, or None where there is none.
        clock: the sandbox's.
        seed: the sandbox's.
    """

    point: str
    occurrence: int
    session: int
    reply: int
    secure: bool
    authenticated_as: str | None
    sender: str | None
    clock: Clock
    seed: int


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """A behaviour that changes nothing: the base of all others.

    Args:
        session: only in the session of this number, from 1; None for all.

    Raises:
        TypeError: a field that is not of the kind that it is annotated with.
        ValueError: no such session.
    """

    session: int | None = None

    #: Whether what was pipelined behind STARTTLS is obeyed inside TLS (CVE-2011-0411) rather than thrown away.
    keeps_plaintext: ClassVar[bool] = False

    def __post_init__(self) -> None:
        fields_of_kind(self)
        if self.session is not None and self.session < 1:
            raise ValueError(f"sessions are numbered from 1: session={self.session!r}")

    def __str__(self) -> str:
        """The behaviour as it was asked for: what was left out is left out."""
        told = (f for f in fields(self) if f.repr and getattr(self, f.name) != f.default)
        return f"{type(self).__name__}({', '.join(f'{f.name}={getattr(self, f.name)!r}' for f in told)})"

    def applies(self, moment: Moment) -> bool:
        """Whether this behaviour is to be asked at all."""
        return self.session in (None, moment.session)

    def capabilities(self, lines: tuple[str, ...], moment: Moment) -> tuple[str, ...]:
        """The lines of EHLO's reply, behind the first."""
        return lines

    def before(self, moment: Moment, argument: str) -> Answer | None:
        """A reply in place of obeying, or None.

        Args:
            moment: where the session stands.
            argument: what followed the verb; of AUTH the mechanism alone.
        """
        return None

    def recipient(self, at: Address, moment: Moment) -> Answer | None:
        """A reply in place of accepting this recipient, or None."""
        return None

    def answered(self, steps: list[Step], moment: Moment) -> list[Step]:
        """What is to be done for a reply."""
        return steps


@dataclass(frozen=True, kw_only=True)
class PointBehaviour(Behaviour):
    """The base of behaviours at one point of a session.

    Args:
        at: one of `POINTS`; None for every reply.
        nth: only the nth time that point is reached, from 1; None for each time.
        session: only in the session of this number, from 1; None for all.

    Raises:
        ValueError: no such point, or no such count.
    """

    at: str | None = None
    nth: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.at is not None:
            one_of(self.at, POINTS, "the point")
        if self.nth is not None and self.nth < 1:
            raise ValueError(f"occurrences are counted from 1: nth={self.nth!r}")

    def applies(self, moment: Moment) -> bool:
        """Whether the session, the point and the count are those."""
        return super().applies(moment) and self.at in (None, moment.point) and self.nth in (None, moment.occurrence)


class Behaviours:
    """Several behaviours as one.

    Raises:
        TypeError: something that is no behaviour; a class where an instance was meant.
    """

    def __init__(self, behaviours: Iterable[Behaviour] = ()) -> None:
        self._all = tuple(behaviours)
        for behaviour in self._all:
            if isinstance(behaviour, type):
                raise TypeError(f"write {behaviour.__name__}(), with brackets: a behaviour is an instance")
            if not isinstance(behaviour, Behaviour):
                raise TypeError(f"a behaviour is a Behaviour, not {type(behaviour).__name__}")

    def __iter__(self) -> Iterator[Behaviour]:
        return iter(self._all)

    def at(self, moment: Moment) -> Iterable[Behaviour]:
        """Those to be asked now."""
        return (behaviour for behaviour in self._all if behaviour.applies(moment))

    def capabilities(self, lines: tuple[str, ...], moment: Moment) -> tuple[str, ...]:
        """The lines after all have seen them."""
        for behaviour in self.at(moment):
            lines = behaviour.capabilities(lines, moment)
        return lines

    def before(self, moment: Moment, argument: str) -> Answer | None:
        """The first reply, or None."""
        answers = (behaviour.before(moment, argument) for behaviour in self.at(moment))
        return next(filter(None, answers), None)

    def recipient(self, at: Address, moment: Moment) -> Answer | None:
        """The first reply, or None."""
        answers = (behaviour.recipient(at, moment) for behaviour in self.at(moment))
        return next(filter(None, answers), None)

    def answered(self, steps: list[Step], moment: Moment) -> list[Step]:
        """The steps after all have changed them."""
        for behaviour in self.at(moment):
            steps = behaviour.answered(steps, moment)
        return steps

    def keeps_plaintext(self, moment: Moment) -> bool:
        """Whether any keeps what was pipelined behind STARTTLS."""
        return any(behaviour.keeps_plaintext for behaviour in self.at(moment))
