"""What JupyterLab's real sanitizer, run under node, leaves of every view in an untrusted notebook."""

import json
import re
import subprocess
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from html_checks import parsed
from sheet import views
from view_examples import HOSTILE, lines, reply

from smtpnb import display

pytestmark = pytest.mark.node

#: What it takes away, and why that is no loss.
MISSED_BY_NOBODY = {
    "color:inherit",  # the front-end's own colour, of which the rendered views are measured
}


def sanitised(node_modules: Path, given: list[str]) -> list[str]:
    """The strings as an untrusted notebook shows them."""
    script = node_modules.parent / "sanitize.mjs"
    done = subprocess.run(
        ["node", script], input=json.dumps(given), capture_output=True, encoding="utf-8", check=True, timeout=50
    )
    left: list[str] = json.loads(done.stdout)
    assert len(left) == len(given)
    return left


def rules(element: Element) -> set[str]:
    return set(filter(None, re.split(r"\s*;\s*", element.attrib.get("style", ""))))


def losses(before: str, after: str) -> list[str]:
    """What is not there any more, element for element."""
    pairs = list(zip(parsed(before).iter(), parsed(after).iter(), strict=True))
    lost = []
    for old, new in pairs:
        assert (old.tag, old.text, old.tail) == (new.tag, new.text, new.tail)
        lost += [rule for rule in rules(old) - rules(new) if rule not in MISSED_BY_NOBODY]
        lost += [
            f"{old.tag} {name}" for name in old.attrib if name != "style" and old.attrib[name] != new.attrib.get(name)
        ]
    return lost


def test_every_view_keeps_its_text_and_its_styles(node_modules: Path) -> None:
    sheet = views()
    left = sanitised(node_modules, list(sheet.values()))
    assert {name: losses(html, new) for (name, html), new in zip(sheet.items(), left, strict=True)} == {
        name: [] for name in sheet
    }


def test_hostile_text_comes_through_as_text(node_modules: Path) -> None:
    cards = [display.html(reply(lines(550, text, text), text)) or "" for text in HOSTILE if len(text) < 6000]
    for before, after in zip(cards, sanitised(node_modules, cards), strict=True):
        assert losses(before, after) == []


def test_the_sanitizer_is_the_real_one(node_modules: Path) -> None:
    """It takes away what it is known to take away, so its silence about the views means something."""
    given = [
        "<script>1</script><p onclick='x()' style='color:var(--x)'>text</p><svg></svg>",
        "<a href=javascript:x>y</a>",
    ]
    first, second = sanitised(node_modules, given)
    assert re.fullmatch(r"<p( style=\"\")?>text</p>", first)
    assert re.fullmatch(r"<a[^>]*>y</a>", second)
    assert "javascript" not in second


def test_a_loss_is_noticed() -> None:
    assert losses('<div style="color:#123456">x</div>', "<div>x</div>") == ["color:#123456"]
    assert losses('<div title="x">y</div>', "<div>y</div>") == ["div title"]
    with pytest.raises(AssertionError):
        losses("<div>x</div>", "<div>y</div>")
