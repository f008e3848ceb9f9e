"""What every sentence of the knowledge has to be."""

import re

_END_INSIDE = re.compile(r"[a-z]\. [A-Z]")


def is_one_sentence(text: str) -> bool:
    """Whether it begins big, ends with a period, has no other end inside, and is short enough to read."""
    begins = text[:1].isupper()
    return (
        begins and text.endswith(".") and not text.endswith("..") and not _END_INSIDE.search(text) and len(text) < 160
    )
