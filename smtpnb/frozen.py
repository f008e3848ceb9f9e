"""Frozen dataclasses that are quick to make.

A frozen dataclass looks `object.__setattr__` up for every field; its slots' own setters take a third of that. It
counts where a value is made for every command: a reply, where the session stands, what became of a message.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any, Generic, ParamSpec, Self, TypeVar, overload

_Class = TypeVar("_Class", bound=type)
_Given = ParamSpec("_Given")
_Value = TypeVar("_Value")


def quick(cls: _Class) -> _Class:
    """The frozen dataclass `cls`, which has slots, with an `__init__` that takes the same and does the same, faster.

    Raises:
        TypeError: a field has a default factory, or is not a slot.
    """
    names: dict[str, Any] = {}
    parameters = ", ".join(_parameter(field, names) for field in fields(cls))
    body = "\n    ".join(_setting(cls, field, names) for field in fields(cls))
    made: dict[str, Any] = {}
    exec(f"def __init__(self, {parameters}):\n    {body}", names, made)  # noqa: S102 - as dataclasses does; all ours
    init = made["__init__"]
    init.__annotations__, init.__qualname__ = vars(cls)["__init__"].__annotations__, f"{cls.__qualname__}.__init__"
    init.__module__ = cls.__module__
    type.__setattr__(cls, "__init__", init)
    return cls


def maker(cls: Callable[_Given, _Value]) -> Callable[_Given, _Value]:
    """What makes a value of the dataclass `cls`, which has slots, in half the time: for the few of every call."""
    return maker_without(cls)


def maker_without(cls: Callable[..., _Value], *later: str) -> Callable[..., _Value]:
    """`maker`, without the fields `later`: each of them is a `Later`, made when somebody looks, and None until then.

    The fields are set on a class that has the same slots and is not frozen; then the value becomes one of `cls`, which
    Python allows as long as both are laid out alike.
    """
    frozen: Any = cls
    draft = type(frozen.__name__, frozen.__bases__, {"__slots__": tuple(field.name for field in fields(frozen))})
    names: dict[str, Any] = {"_draft": draft, "_frozen": frozen}
    given = [field for field in fields(frozen) if field.name not in later]
    parameters = ", ".join(_parameter(field, names) for field in given)
    setting = "\n    ".join(f"value.{field.name} = {field.name}" for field in given)
    setting += "".join(f"\n    value.{name} = None" for name in later)
    text = (
        f"def make({parameters}):\n    value = _draft()\n    {setting}\n    value.__class__ = _frozen\n    return value"
    )
    made: dict[str, Any] = {}
    exec(text, names, made)  # noqa: S102 - as above
    make: Callable[..., _Value] = made["make"]
    return make


def _parameter(field: "Field[Any]", names: dict[str, Any]) -> str:
    if field.default_factory is not MISSING or not field.init or field.kw_only:
        raise TypeError(f"the field {field.name} needs dataclass's own __init__")
    if field.default is MISSING:
        return field.name
    names[f"_{field.name}"] = field.default
    return f"{field.name}=_{field.name}"


def _setting(cls: type, field: "Field[Any]", names: dict[str, Any]) -> str:
    slot: Any = getattr(cls, field.name, None)
    if not hasattr(slot, "__set__"):
        raise TypeError(f"the field {field.name} is no slot")
    names[f"_set_{field.name}"] = slot.__set__
    return f"_set_{field.name}(self, {field.name})"


class Later(Generic[_Value]):
    """A field of a `quick` class that may be left out: made of the value when somebody looks, once.

    Args:
        slot: the field's slot, in whose place this is put; None is in it until then.
        make: makes the field.
    """

    __slots__ = ("_get", "_make", "_set")

    def __init__(self, slot: Any, make: Callable[[Any], _Value]) -> None:
        self._get: Callable[[object], _Value | None] = slot.__get__
        self._set: Callable[[object, _Value], None] = slot.__set__
        self._make = make

    @overload
    def __get__(self, value: None, owner: type | None = None) -> Self: ...

    @overload
    def __get__(self, value: object, owner: type | None = None) -> _Value: ...

    def __get__(self, value: object, owner: type | None = None) -> _Value | Self:
        if value is None:  # looked up at the class, as inspect does
            return self
        found = self._get(value)
        if found is None:
            found = self._make(value)
            self._set(value, found)
        return found

    def __set__(self, value: object, found: _Value) -> None:
        self._set(value, found)
