"""Did you mean: a refusal of a misspelt word that names the word that was meant."""

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`: did you mean 'lists'?`, or the choice there is where nothing comes near."""
    choices = sorted(known)
    near = difflib.get_close_matches(word.lower(), [choice.lower() for choice in choices], n=1)
    if near:
        meant = next(choice for choice in choices if choice.lower() == near[0])
        return f": did you mean {meant!r}?"
    return f": there is {', '.join(choices) or 'none'}"


def one_of(word: str, known: Iterable[str], what: str) -> str:
    """`word`, where it is among `known`.

    Args:
        word: what the user wrote.
        known: the words there are.
        what: what they are, for the message.

    Raises:
        ValueError: it is not among them.
    """
    choices = tuple(known)
    if word not in choices:
        raise ValueError(f"{what} {word!r} is not known{did_you_mean(str(word), choices)}")
    return word
