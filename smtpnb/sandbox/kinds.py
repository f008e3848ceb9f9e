"""What kind of value an option takes; anything else is a TypeError that says what it takes.

A flag that is no bool and a number that is text would be taken for something else, silently: `require_auth="no"`
is true. The values themselves are judged where they are used.
"""

import types
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final, TypeVar, get_args

T = TypeVar("T")

#: Kind → its name in a message.
_NAMES: Final[Mapping[object, str]] = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "text",
    bytes: "octets such as b'...'",
    type(None): "None",
}


def of_kind(value: object, kind: Any, what: str) -> None:
    """Refuses a value that is not of this kind: `bool`, `int`, `float`, `str`, `bytes`, or a union of some.

    A bool is no number here, and a whole number is a number. Any other kind is not looked at.

    Raises:
        TypeError: it is not; the message says what `what` takes.
    """
    kinds = get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    if set(kinds) <= set(_NAMES) and not any(_is(value, one) for one in kinds):
        raise TypeError(f"{what} is {' or '.join(_NAMES[one] for one in kinds)}, not {type(value).__name__}")


def _is(value: object, kind: Any) -> bool:
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)


def fields_of_kind(value: Any) -> None:
    """Refuses a dataclass with a field that is not of the kind that it is annotated with.

    Raises:
        TypeError: there is one; the message names it.
    """
    for field in fields(value):
        of_kind(getattr(value, field.name), field.type, field.name)


def mapping(value: Mapping[str, T], what: str) -> Mapping[str, T]:
    """`value`, where it maps names to something.

    Raises:
        TypeError: it is no mapping, or a key is no text.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"{what} is a mapping such as a dict, not {type(value).__name__}")
    for name in value:
        of_kind(name, str, f"a name in {what}")
    return value


def words(value: object, what: str) -> tuple[str, ...]:
    """The words in a list of them.

    Raises:
        TypeError: it is one text, a mapping, whose values would be lost, or no list at all; or a word is no text.
    """
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise TypeError(f"{what} is a list of names, not {type(value).__name__}")
    found = tuple(value)
    for word in found:
        if not isinstance(word, str):
            raise TypeError(f"{what} is a list of names: str, not {type(word).__name__}")
    return found
