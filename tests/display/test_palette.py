"""The palette for eyes of every kind: simulated colour-blindness, and signs on light and dark."""

import pytest
from colours import VISIONS, channels, contrast, distance, nearest

from smtpnb.display import kit

COLOURS = [tone.colour for tone in kit.TONES.values()]
#: ΔE of CIE 1976; 2.3 is just noticeable side by side, and 10 is told apart at a glance.
APART = 10.0
PAGES = {"white": "#ffffff", "JupyterLab dark": "#111111"}


@pytest.mark.parametrize("vision", VISIONS)
def test_the_tones_stay_apart(vision: str) -> None:
    worst, one, other = nearest(COLOURS, vision)
    assert worst >= APART, f"{one} and {other} look alike"


@pytest.mark.parametrize("colour", COLOURS)
def test_white_on_a_chip_and_a_glyph_on_a_page_are_readable(colour: str) -> None:
    assert contrast(channels("#ffffff"), channels(colour)) >= 4.5
    assert {page: contrast(channels(colour), channels(ground)) >= 3 for page, ground in PAGES.items()} == dict.fromkeys(
        PAGES, True
    )


# -- the measure itself ------------------------------------------------------------------------------------------


def test_contrast_is_as_wcag_has_it() -> None:
    assert contrast(channels("#ffffff"), channels("#000000")) == pytest.approx(21)
    assert contrast(channels("#767676"), channels("#ffffff")) == pytest.approx(4.54, abs=0.01)  # WCAG's own example


@pytest.mark.parametrize("vision", VISIONS)
def test_grey_is_grey_to_everybody(vision: str) -> None:
    """Each row of Machado's matrices sums to one."""
    assert [sum(row) for row in VISIONS[vision]] == pytest.approx([1, 1, 1], abs=1e-5)


def test_red_and_green_of_a_traffic_light_are_not_told_apart() -> None:
    assert distance("#b35a00", "#6b7a00") > 3 * distance("#b35a00", "#6b7a00", "deuteranopia")


def test_distance_is_cie_1976_s() -> None:
    assert distance("#ffffff", "#000000") == pytest.approx(100, abs=0.1)
    assert distance("#ff0000", "#00ff00") == pytest.approx(170.6, abs=0.5)  # L*a*b* 53.2 80.1 67.2 and 87.7 -86.2 83.2
