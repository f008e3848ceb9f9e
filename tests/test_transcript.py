"""What was said: recorded, bounded, exported, read back."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import playing

from smtpnb.protocol.limits import CONTENT_KEPT, TRANSCRIPT_ENDS
from smtpnb.protocol.reply import SmtpReply
from smtpnb.recorder import Recorder
from smtpnb.text import visible
from smtpnb.transcript import Exchange, Remark, Transcript


def session() -> Transcript:
    with playing("good-session", "memory") as (client, _), client:
        client.ehlo()
        client.mail("alice@example.org")
        client.rcpt("bob@example.org")
        client.data()
        client.data_body("Subject: hi\n\n.dot\n")
    return client.transcript


def test_text_is_in_the_notation_of_swaks() -> None:
    assert session().to_text().split("\n") == [
        "<- 220 mx.example ESMTP",
        "-> EHLO client.example",
        "<- 250-mx.example",
        "<- 250-SIZE 1000000",
        "<- 250 HELP",
        "-> MAIL FROM:<alice@example.org>",
        "<- 250 2.1.0 sender ok",
        "-> RCPT TO:<bob@example.org>",
        "<- 250 2.1.5 recipient ok",
        "-> DATA",
        "<- 354 go ahead",
        "-> Subject: hi",
        "->",
        "-> ..dot",
        "-> .",
        "<- 250 2.0.0 queued as 4711",
        "-> QUIT",
        "<- 221 2.0.0 bye",
        "=== disconnected",
    ]


def test_same_session_gives_the_same_text_and_value() -> None:
    assert session().to_text() == session().to_text()
    assert session() == session()
    assert str(session()) == session().to_text()
    assert session().to_text(timing=True) != session().to_text()


def test_tls_and_the_unexpected_have_marks_of_their_own() -> None:
    ok = SmtpReply.parse("250 ok\r\n")
    transcript = Transcript((Exchange(0.0, "NOOP", ok, secure=True, state="ready"), Exchange(0.0, None, ok, secure=False, state="ready"),
                             Remark(0.0, "a fault \x1b", unexpected=True)))  # fmt: skip
    assert transcript.to_text().split("\n") == ["~> NOOP", "<~ 250 ok", "** 250 ok", "** a fault ⟨ESC⟩"]


def test_summary_and_repr_count() -> None:
    assert session().summary == "6 commands, 7 replies"
    assert repr(session()) == "<Transcript: 6 commands, 7 replies>"
    assert len(session().replies) == 7
    assert len(session().exchanges) == 7


@pytest.mark.parametrize("indent", [None, 2])
def test_json_is_read_back_the_same(indent: int | None) -> None:
    transcript = session()
    again = Transcript.from_json(transcript.to_json(indent=indent))
    assert again == transcript
    assert again.to_text(timing=True) == transcript.to_text(timing=True)
    assert Transcript.from_jsonl(transcript.to_jsonl()) == transcript
    assert all(json.loads(line) for line in transcript.to_jsonl().splitlines())


def test_transcript_is_picklable() -> None:
    assert pickle.loads(pickle.dumps(session())) == session()


texts = st.text(max_size=12)
replies = st.none() | st.lists(
    st.binary(max_size=6).filter(lambda line: b"\n" not in line), min_size=1, max_size=3
).map(lambda lines: SmtpReply.parse(b"".join(b"250-%b\r\n" % line for line in lines) + b"250 end\r\n"))
entries = st.lists(
    st.builds(Remark, st.floats(0, 9), texts, st.booleans(), st.booleans())
    | st.builds(Exchange, st.floats(0, 9), st.none() | texts, replies, st.booleans(), texts, st.binary(max_size=9), st.integers(9, 99)),
    max_size=4,
).map(tuple)  # fmt: skip


@given(entries, st.integers(0, 5), entries)
def test_any_transcript_is_read_back_and_shows_no_control(
    first: tuple[object], omitted: int, last: tuple[object]
) -> None:
    transcript = Transcript(first, omitted, last)  # type: ignore[arg-type]
    for again in (Transcript.from_json(transcript.to_json()), Transcript.from_jsonl(transcript.to_jsonl())):
        # A command travels with its reply; compared are both.
        assert again.to_text() == transcript.to_text()
        assert again.omitted == transcript.omitted
        assert len(again) == len(transcript)
    for line in transcript.to_text().split("\n"):
        assert visible(line) == line
    transcript.to_json().encode("ascii")


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "5", "null", "no JSON", '{"schema": "other/1", "entries": []}', '{"schema": "smtpnb.transcript/1"}', "[" * 100_000],
    ids=lambda text: text[:40] or "empty",
)  # fmt: skip
def test_what_is_no_export_is_a_value_error(text: str) -> None:
    for read in (Transcript.from_json, Transcript.from_jsonl):
        with pytest.raises(ValueError, match=r"."):
            read(text)


@pytest.mark.parametrize(
    "damage", [{"entries": [5]}, {"entries": [{}]}, {"omitted": "x"}, {"omitted_after": "x"}, {"omitted_after": None}]
)
def test_damaged_export_is_a_value_error(damage: dict[str, object]) -> None:
    data = {"schema": "smtpnb.transcript/1", "entries": [], "omitted": 0, "omitted_after": 0}
    assert Transcript.from_json(json.dumps(data)) == Transcript()
    with pytest.raises(ValueError, match=r"."):
        Transcript.from_json(json.dumps(data | damage))


@pytest.mark.parametrize("raw", ["YWJj", "not base64", "", 5, None])
def test_damaged_reply_in_an_export_is_a_value_error(raw: object) -> None:
    data = json.loads(session().to_json())
    data["entries"][0]["reply"]["raw"] = raw
    with pytest.raises(ValueError, match=r"."):
        Transcript.from_json(json.dumps(data))


def test_recorder_keeps_both_ends_and_counts_the_rest() -> None:
    recorder = Recorder(ends=3)
    for number in range(10):
        recorder.add(Remark(float(number), f"entry {number}"))
    transcript = recorder.transcript()
    assert len(transcript) == 10
    assert [entry.text for entry in transcript if isinstance(entry, Remark)] == [
        "entry 0", "entry 1", "entry 2", "4 entries not kept", "entry 7", "entry 8", "entry 9",
    ]  # fmt: skip
    assert transcript.summary.endswith("4 entries not kept")
    assert Transcript.from_json(transcript.to_json()) == transcript


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_recorder_that_is_not_full_omits_nothing(count: int) -> None:
    recorder = Recorder(ends=2)
    for number in range(count):
        recorder.add(Remark(float(number), str(number)))
    assert recorder.transcript().omitted == 0
    assert len(recorder.transcript().entries) == count


def test_long_session_is_bounded() -> None:
    recorder = Recorder()
    for number in range(3 * TRANSCRIPT_ENDS):
        recorder.add(Remark(float(number), "x"))
    assert len(recorder.transcript().entries) == 2 * TRANSCRIPT_ENDS + 1


def test_large_content_is_counted_and_only_its_beginning_kept() -> None:
    with playing("data-twice", "memory") as (client, heard):
        client.connect()
        client.data()
        client.data_body("x" * 100_000)
        entry = client.transcript.exchanges[-1]
    assert entry.octets == 100_000 + len("\r\n.\r\n")
    assert entry.content == b"x" * CONTENT_KEPT
    assert f"=== {entry.octets - CONTENT_KEPT:,} more octets of content not kept" in client.transcript.to_text()
    assert len(heard.octets) > 100_000
