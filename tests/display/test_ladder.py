"""The ladder: order, marks, folding, limits."""

import pytest
from html_checks import rows_of
from view_examples import CONTENT, TRANSCRIPT, exchange, lines

from smtpnb import display, options
from smtpnb.transcript import Remark, Transcript


def rows(transcript: Transcript) -> list[str]:
    return rows_of(display.html(transcript) or "")


def test_an_empty_transcript_is_a_table_without_rows() -> None:
    assert rows(Transcript()) == []


def test_rows_say_whether_they_were_encrypted() -> None:
    shown = rows(TRANSCRIPT)
    first_in_tls = next(position for position, row in enumerate(shown) if "TLS handshake" in row)
    assert all(row.startswith("○\u00a0clear") for row in shown[:first_in_tls])
    assert all(row.startswith("🔒\u00a0TLS") for row in shown[first_in_tls:])


def test_content_comes_before_the_dot_and_after_bdat() -> None:
    dot = rows(Transcript((exchange(".", None, "ready", content=CONTENT),)))
    assert [row.partition("──▶")[0] for row in dot] == [
        f"○\u00a0clearcontent, {len(CONTENT)} octetsSubject: helloHello Bob..and a dot",
        "○\u00a0clear.",
    ]
    bdat = rows(Transcript((exchange("BDAT 5 LAST", None, "ready", content=b"Hello"),)))
    assert [row.partition("──▶")[0] for row in bdat] == [
        "○\u00a0clearBDAT 5 LAST",
        "○\u00a0clearcontent, 5 octetsHello",
    ]


def test_a_dot_typed_by_hand_is_a_row_too() -> None:
    assert rows(Transcript((exchange(".", None, "ready"),))) == ["○\u00a0clear.──▶"]


@pytest.mark.parametrize(("code", "mark"), [(220, ""), (421, ""), (554, ""), (451, "** "), (250, "** ")])
def test_a_reply_nobody_asked_for_is_marked(code: int, mark: str) -> None:
    (row,) = rows(Transcript((exchange(None, lines(code, "x"), "ready"),)))
    assert ("** " in row) == bool(mark)


def test_a_fault_is_marked_and_a_remark_is_not() -> None:
    fault, remark = rows(Transcript((Remark(0.0, "reset", unexpected=True), Remark(0.0, "closed"))))
    assert "✖ ** reset" in fault
    assert "**" not in remark


def test_a_long_reply_is_folded_with_all_its_lines() -> None:
    (_, row) = rows(Transcript((exchange("EHLO a", lines(250, "hi", "SIZE", "HELP"), "ready"),)))
    assert "✔ 250-hi … (3 lines)S: 250-hiS: 250-SIZES: 250␣HELPready" in row


def test_many_entries_are_counted_where_they_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "ladder_rows", 4)
    shown = rows(Transcript(tuple(exchange(f"NOOP {number}", None, "ready") for number in range(10))))
    assert [row.removeprefix("○\u00a0clear").removesuffix("──▶") for row in shown] == [
        "NOOP 0", "NOOP 1", "NOOP 2", "… 6 more entries … transcript.show(all=True) shows all.", "NOOP 9",
    ]  # fmt: skip


def test_what_the_recorder_left_out_is_said() -> None:
    transcript = Transcript((Remark(0.0, "begin"),), 12_345, (Remark(0.0, "end"),))
    assert "12,345 entries not kept" in rows(transcript)[1]


def test_a_usual_session_is_not_cut() -> None:
    ehlo = exchange("EHLO a", lines(250, *["x" * 60] * 12), "ready")
    text = "".join(rows(Transcript((ehlo,) * 25)))
    assert "more" not in text
