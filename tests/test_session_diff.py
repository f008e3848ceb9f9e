"""Two sessions side by side."""

import pickle

from hypothesis import given
from hypothesis import strategies as st
from view_examples import STRIPPED, TRANSCRIPT, exchange

from smtpnb.transcript import Remark, Transcript

MINUS = "\N{MINUS SIGN}"


def session(*commands: str, secure: bool = False) -> Transcript:
    return Transcript(tuple(exchange(command, b"250 OK\r\n", "ready", secure=secure) for command in commands))


def marks(left: Transcript, right: Transcript) -> str:
    return "".join(row.mark for row in left.diff(right).rows)


def test_a_session_is_the_same_as_itself() -> None:
    diff = TRANSCRIPT.diff(TRANSCRIPT)
    assert diff.same
    assert set(marks(TRANSCRIPT, TRANSCRIPT)) == {"="}


def test_each_kind_of_row_has_its_mark() -> None:
    assert marks(session("NOOP"), session("NOOP", "RSET")) == "==++"
    assert marks(session("NOOP", "RSET"), session("NOOP")) == "==" + 2 * MINUS
    assert marks(session("NOOP"), session("HELP")) == "≠="
    assert marks(session("NOOP"), session("NOOP", secure=True)) == "🔒🔒"


def test_times_make_no_difference() -> None:
    assert Transcript((Remark(0.0, "x"),)).diff(Transcript((Remark(9.0, "x"),))).same


def test_text_names_the_two_and_marks_rows() -> None:
    text = session("NOOP").diff(session("HELP", secure=True), labels=("here", "there")).to_text()
    assert text.splitlines() == [
        "here | there: 0 rows the same, 2 different",
        "≠ ○ C: NOOP | 🔒 C: HELP",
        "🔒 ○ S: 250 OK | 🔒 S: 250 OK",
    ]


def test_great_sessions_are_compared_in_part() -> None:
    diff = session(*["NOOP"] * 900).diff(session(*["NOOP"] * 700))
    assert diff.uncompared == (800, 400)
    assert not diff.same
    assert "not compared: 800 and 400 more lines" in repr(diff)


def test_a_diff_is_a_value() -> None:
    diff = TRANSCRIPT.diff(STRIPPED)
    assert diff == TRANSCRIPT.diff(STRIPPED) == pickle.loads(pickle.dumps(diff))


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_each_side_of_the_rows_is_the_session_again(left: list[str], right: list[str]) -> None:
    one, other = session(*left), session(*right)
    rows = one.diff(other).rows
    sides = [[row[side].text for row in rows if row[side]] for side in (1, 2)]  # type: ignore[union-attr]
    assert sides == [[text for command in commands for text in (command, "250 OK")] for commands in (left, right)]
    assert all((row.mark == "=") == (row.left == row.right) for row in rows)
