"""All exercises by name, loaded when one is first asked for."""

import functools
from collections.abc import Mapping
from importlib import import_module
from typing import Final

from smtpnb.exercises.exercise import Exercise

#: The modules here that hold exercises, one for each notebook; each has a tuple EXERCISES.
MODULES: Final = (
    "tour",
    "ehlo",
    "transaction",
    "starttls",
    "auth_plain",
    "vrfy",
    "expn",
    "retries",
    "faster",
    "international",
    "panel",
    "probing",
    "gallery",
)


@functools.cache
def exercises() -> Mapping[str, Exercise]:
    """The exercises by name, in the order of the course."""
    found: dict[str, Exercise] = {}
    for module in MODULES:
        for exercise in import_module(f"smtpnb.exercises.{module}").EXERCISES:
            if exercise.name in found:
                raise ValueError(f"two exercises are called {exercise.name!r}")
            found[exercise.name] = exercise
    return found
