"""Targets: every way to name them, and a word for each line that is none."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb import Sandbox
from smtpnb.explore.targets import Target, targets_of
from smtpnb.text import visible

LINES = """\
# mail servers
mx.example.net

mx.example.org:587   # with a port
MX.example.net.
192.0.2.7
2001:db8::1
[2001:db8::2]
[2001:db8::3]:465
bücher.example
host:99999
host:0
host:smtp
https://mail.example.net/
user@example.net
a..b
xn--a.xn--
[2001:db8::4
[192.0.2.1]:25
-bad.example
256.1.1.1
host:25:26
"""
GOOD = [
    ("mx.example.net", 25), ("mx.example.org", 587), ("192.0.2.7", 25), ("2001:db8::1", 25), ("2001:db8::2", 25),
    ("2001:db8::3", 465), ("bücher.example", 25), ("xn--a.xn--", 25),
]  # fmt: skip


def test_file_with_everything_in_it(tmp_path: Path) -> None:
    file = tmp_path / "hosts.txt"
    file.write_bytes(b"\xef\xbb\xbf" + LINES.replace("xn--a.xn--\n", "").encode())
    targets, problems = targets_of(file)
    assert [target[:2] for target in targets] == GOOD[:-1]
    assert [problem.line for problem in problems] == [5, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]
    assert "line 2" in problems[0].why
    assert "99999" in problems[1].why
    assert "URL" in problems[4].why


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("host,port\na.example,587\nb.example,\n", [("a.example", 587), ("b.example", 25)]),
        ("name,owner\na.example,me\n", [("a.example", 25)]),
        ("owner,port,host\nme,2525,a.example\n", [("a.example", 2525)]),
        ("a.example,465\n# b,1\nc.example\n", [("a.example", 465), ("c.example", 25)]),
        ('"a.example","587"\r\n', [("a.example", 587)]),
        ("host\na.example\n", [("a.example", 25)]),
    ],
)
def test_csv(text: str, wanted: list[tuple[str, int]], tmp_path: Path) -> None:
    file = tmp_path / "hosts.csv"
    file.write_text(text, newline="")
    targets, problems = targets_of(str(file))
    assert ([target[:2] for target in targets], problems) == (wanted, ())


def test_list_and_dataframe() -> None:
    assert targets_of(["a.example", ("b.example", 587), Target("c.example", 1)])[0] == (
        Target("a.example", 25), Target("b.example", 587), Target("c.example", 1),
    )  # fmt: skip
    frame = pd.DataFrame({"Host": ["a.example", "b.example"], "port": [587, None]})
    assert targets_of(frame)[0] == (Target("a.example", 587), Target("b.example", 25))


def test_mapping_labels_its_targets() -> None:
    named = {"ours": "a.example:587", "theirs": ("b.example", 465), "typo": "c.example:99999"}
    targets, problems = targets_of(named)
    assert targets == (Target("a.example", 587, "ours"), Target("b.example", 465, "theirs"))
    assert [(problem.line, problem.text) for problem in problems] == [(3, "typo: c.example:99999")]


def test_sandboxes_are_numbered_as_their_ports_differ_each_time() -> None:
    with Sandbox() as first, Sandbox() as second:
        targets, problems = targets_of(["a.example", first, second])
        assert problems == ()
        assert [target.label for target in targets] == ["", "sandbox 2", "sandbox 3"]
        assert [target.port for target in targets] == [25, first.port, second.port]
        assert targets_of({"mine": first})[0] == (Target("127.0.0.1", first.port, "mine"),)


@pytest.mark.parametrize("item", [None, 7, b"host", ("a", "b", "c"), ("host", 1.5, 2), {}, ("h\x00st", 25), ("", 25)])
def test_odd_items_are_told_and_the_rest_goes_on(item: object) -> None:
    targets, problems = targets_of([item, "a.example"])
    assert [target.host for target in targets] == ["a.example"]
    assert problems[0].line == 1


def test_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        targets_of("no-such-file.txt")
    with pytest.raises(TypeError):
        targets_of(25)


@given(st.lists(st.text(max_size=40), max_size=8))
def test_any_lines_are_a_target_or_a_problem_or_nothing(lines: list[str]) -> None:
    targets, problems = targets_of([*lines, "last.example"])
    assert targets[-1].host == "last.example" or "last.example" in [target.host for target in targets]
    assert len(targets) + len(problems) <= len(lines) + 1
    assert all(visible(problem.text) == problem.text for problem in problems)
