"""A frozen dataclass made quick is the same value, only sooner."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle

import pytest

from smtpnb import Delivery, SmtpReply
from smtpnb.frozen import maker, quick
from smtpnb.protocol.conversation import Conversation, Stage
from smtpnb.protocol.reply import reply_of


@pytest.mark.parametrize(
    "value",
    [
        SmtpReply(250, ("ok",), b"250 ok\r\n", command="NOOP"),
        Conversation(Stage.SENDER, secure=True, reverse_path="a@example.org"),
        Delivery("a", ("b",), {}, SmtpReply(250, ("ok",), b"250 ok\r\n")),
    ],
)
def test_it_is_frozen_equal_to_its_copies_replaced_and_pickled(value: object) -> None:
    field = dataclasses.fields(value)[0].name  # type: ignore[arg-type]  # it is a dataclass
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, field, 1)
    assert dataclasses.replace(value) == value == copy.copy(value) == pickle.loads(pickle.dumps(value))  # type: ignore[type-var]
    assert not hasattr(value, "__dict__")


def test_it_takes_what_dataclass_would_take() -> None:
    assert SmtpReply(250, ("ok",), b"250 ok\r\n") == SmtpReply(code=250, lines=("ok",), raw=b"250 ok\r\n")
    with pytest.raises(TypeError, match="missing 2 required positional arguments: 'lines' and 'raw'"):
        SmtpReply(250)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        SmtpReply(250, ("ok",), b"", colour=1)  # type: ignore[call-arg]


def test_what_a_maker_makes_is_the_same_value() -> None:
    made = maker(SmtpReply)(250, ("ok",), b"250 ok\r\n", command="NOOP")
    assert made == SmtpReply(250, ("ok",), b"250 ok\r\n", command="NOOP")
    assert type(made) is SmtpReply
    assert hash(made) == hash(copy.copy(made)) == hash(pickle.loads(pickle.dumps(made)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.code = 550  # type: ignore[misc]  # that is the point
    with pytest.raises(TypeError, match="missing 2 required positional arguments"):
        maker(SmtpReply)(250)  # type: ignore[call-arg]  # the same


def test_field_that_is_made_later_is_the_same_once_somebody_looks() -> None:
    raw = b"250-one\r\n250 two\r\n"
    for look in (lambda reply: reply, copy.copy, lambda reply: pickle.loads(pickle.dumps(reply)), dataclasses.replace):
        made = look(reply_of(250, raw, 0.5, "NOOP"))
        assert made == SmtpReply(250, ("one", "two"), raw, 0.5, "NOOP")
        assert made.lines is made.lines
        assert hash(made) == hash(SmtpReply(250, ("one", "two"), raw, 0.5, "NOOP"))
        with pytest.raises(dataclasses.FrozenInstanceError):
            made.lines = ()
    assert SmtpReply(250, ("other",), raw).lines == ("other",)
    assert not hasattr(made, "colour")


def test_field_that_is_made_later_is_no_trap_for_who_looks_at_the_class() -> None:
    assert hasattr(SmtpReply, "lines")
    assert "lines" in dict(inspect.getmembers(SmtpReply))


def test_class_that_it_cannot_make_quick_is_refused() -> None:
    @dataclasses.dataclass(frozen=True, slots=True)
    class Listed:
        items: list[int] = dataclasses.field(default_factory=list)

    @dataclasses.dataclass(frozen=True)
    class Open:
        item: int

    for cls in (Listed, Open):
        with pytest.raises(TypeError, match="the field item"):
            quick(cls)
