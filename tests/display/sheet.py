"""Every view once, by name: what the tests of rendered views and the gallery show."""

from functools import cache

from view_examples import EXAMPLES

from smtpnb import display


def classes(value: object) -> set[str]:
    """The names under which a view of this value may be registered."""
    return {kind.__name__ for kind in type(value).__mro__}


@cache  # every test that looks at one view asks for them all
def views() -> dict[str, str]:
    """Name → HTML of each example's card, and of its longer view where it has one; to be read only."""
    sheet = {}
    for name, value in EXAMPLES.items():
        sheet[name] = display.html(value) or ""
        if classes(value) & display.LONGER_VIEWS.keys():
            sheet[f"{name}, explained"] = display.explained(value) or ""
    return sheet
