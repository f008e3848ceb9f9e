"""Where a rule is written: an RFC and its section, as words and as a link. Knows no rule itself."""

from typing import NamedTuple


class Reference(NamedTuple):
    """An RFC and, where it is known for certain, the section.

    Attributes:
        rfc: the number.
        section: such as "4.2.1"; empty for the whole document.
    """

    rfc: int
    section: str = ""

    @property
    def text(self) -> str:
        """`RFC 5321 §4.2.1`: what a reader sees."""
        return f"RFC {self.rfc}" + (f" §{self.section}" if self.section else "")

    @property
    def url(self) -> str:
        """The section's address at rfc-editor.org, the one site that views link to."""
        anchor = f"#section-{self.section}" if self.section else ""
        return f"https://www.rfc-editor.org/rfc/rfc{self.rfc}{anchor}"
