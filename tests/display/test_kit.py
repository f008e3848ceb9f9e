"""The building blocks: escaping, contrast, and that nothing else makes markup."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from html_checks import check, text_of
from hypothesis import given
from hypothesis import strategies as st

from smtpnb.display import kit
from smtpnb.knowledge.rfc import Reference
from smtpnb.text import visible

DISPLAY = Path(kit.__file__).parent


# -- markup is made here only ------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", sorted(set(DISPLAY.glob("*.py")) - {DISPLAY / "kit.py"}), ids=lambda file: file.stem)
def test_no_other_module_makes_markup(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    assert not re.search(r"htpy|markupsafe|Markup|style=|</?[a-z]+[ >]", source)


def test_looking_up_loads_no_html_and_views_do_no_io() -> None:
    code = (
        "import sys, smtpnb.display; print('htpy' in sys.modules, 'smtpnb.display.kit' in sys.modules);"
        "smtpnb.display.html(__import__('smtpnb').SmtpReply.parse('250 OK\\r\\n'));"
        "print('htpy' in sys.modules, 'IPython' in sys.modules, 'cryptography' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False", "True", "False", "False"]


# -- text --------------------------------------------------------------------------------------------------------


@given(st.text(alphabet=st.characters(), max_size=200))
def test_said_shows_the_visible_text_and_no_markup(text: str) -> None:
    html = kit.render(kit.said(text))
    check(html)
    assert text_of(html) == visible(text)


def test_said_is_isolated_code() -> None:
    assert re.fullmatch(r"<bdi><code style=\"[^\"]*\">a&lt;b</code></bdi>", kit.render(kit.said("a<b")))


def test_said_says_what_it_left_out() -> None:
    assert text_of(kit.render(kit.said("x" * 100, 8))) == "xxxxxx … 92 more characters … xx"


def test_rendered_text_is_plain() -> None:
    assert type(kit.render(kit.said("x"))) is str


def test_link_leads_to_the_rfc_editor() -> None:
    assert 'href="https://www.rfc-editor.org/rfc/rfc5321#section-4.2"' in kit.render(
        kit.section(kit.link(Reference(5321, "4.2")))
    )
    assert kit.link(None) is None


def test_joined_skips_what_is_not_there() -> None:
    assert text_of(kit.render(kit.joined(["a", None, "", "b"]))) == "a · b"


# -- contrast (WCAG 2.2 §1.4.3, §1.4.11) -------------------------------------------------------------------------

WHITE, NEAR_BLACK, LAB_DARK_TEXT, LAB_TEXT = "#ffffff", "#111111", "#e0e0e0", "#212121"


def channels(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[position : position + 2], 16) / 255 for position in (1, 3, 5))


def luminance(rgb: tuple[float, ...]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def mixed(over: tuple[float, ...], under: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    return tuple(alpha * o + (1 - alpha) * u for o, u in zip(over, under, strict=True))


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def grounds(page: str) -> list[tuple[float, ...]]:
    """The page, and the page under each tint that the kit lays over it."""
    tints = re.findall(
        r"background:rgba\((\d+),(\d+),(\d+),([\d.]+)\)", (DISPLAY / "kit.py").read_text(encoding="utf-8")
    )
    assert tints
    over = [(tuple(int(c) / 255 for c in rgb), float(alpha)) for *rgb, alpha in tints]
    return [channels(page), *(mixed(colour, channels(page), alpha) for colour, alpha in over)]


@pytest.mark.parametrize("tone", kit.TONES.values(), ids=lambda tone: tone.glyph)
def test_white_on_a_chip_is_readable(tone: kit.Tone) -> None:
    assert contrast(channels(WHITE), channels(tone.colour)) >= 4.5


@pytest.mark.parametrize("colour", kit.CHIPS)
def test_a_chip_is_readable_and_seen_in_light_and_dark(colour: str) -> None:
    assert contrast(channels(WHITE), channels(colour)) >= 4.5
    assert min(contrast(channels(colour), channels(page)) for page in (WHITE, NEAR_BLACK)) >= 3


@pytest.mark.parametrize("page", [WHITE, NEAR_BLACK])
@pytest.mark.parametrize("tone", kit.TONES.values(), ids=lambda tone: tone.glyph)
def test_a_glyph_is_seen_in_light_and_dark(tone: kit.Tone, page: str) -> None:
    assert min(contrast(channels(tone.colour), ground) for ground in grounds(page)) >= 3


@pytest.mark.parametrize(("page", "text"), [(WHITE, LAB_TEXT), (NEAR_BLACK, LAB_DARK_TEXT)])
def test_muted_text_is_readable_in_light_and_dark(page: str, text: str) -> None:
    match = re.search(r"opacity:([\d.]+)", kit.render(kit.muted("x")))
    assert match
    muted = [contrast(mixed(channels(text), ground, float(match[1])), ground) for ground in grounds(page)]
    assert min(muted) >= 4.5


def test_tones_differ_by_glyph_too() -> None:
    assert len({tone.glyph for tone in kit.TONES.values()}) == len(kit.TONES)
