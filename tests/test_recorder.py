"""What is kept while a session goes on gives the transcript that keeping everything would have given."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb.client import SmtpClient
from smtpnb.protocol.command import Command, mail_command, rcpt_command, with_parameters
from smtpnb.protocol.conversation import Conversation, Stage
from smtpnb.protocol.envelope import Envelope
from smtpnb.protocol.path import address_in, is_ordinary, path
from smtpnb.protocol.reader import RawReply
from smtpnb.recorder import Group, Recorder, Said
from smtpnb.transcript import Exchange, Remark

READY = Conversation(Stage.READY, secure=True, greeted_with="EHLO")


def group_of(count: int, answered: int | None = None) -> Group:
    """NOOPs, answered one by one; all of them unless told otherwise."""
    commands = [Command("NOOP", str(number)) for number in range(count)]
    numbers = range(count if answered is None else answered)
    answers = [(RawReply(250, b"250 %d\r\n" % number), 2.0 + number) for number in numbers]
    return Group(commands, None, True, READY, 1.0, answers, sent_at=1.0, ended=2.0)


@given(st.integers(1, 6), st.lists(st.integers(1, 8), max_size=12))
def test_groups_are_kept_and_counted_as_their_exchanges_would_be(ends: int, sizes: list[int]) -> None:
    grouped, single = Recorder(ends), Recorder(ends)
    for size in sizes:
        grouped.add(group_of(size), size)
        for said in group_of(size).said(0.0):
            single.add(said[1:])
    assert grouped.transcript() == single.transcript()


def test_group_gives_each_reply_with_its_time_and_state() -> None:
    first, second = group_of(2).replies()
    assert (first.elapsed, second.elapsed) == (1.0, 2.0)
    assert (first.raw, second.raw) == (b"250 0\r\n", b"250 1\r\n")
    assert first.conversation == second.conversation == READY
    assert [said.pipelined for said in group_of(2).said(0.5)] == [False, True]


def test_replies_in_one_piece_are_the_same_as_single_ones() -> None:
    single = replace(group_of(3), answers=[(RawReply(250, b"250 %d\r\n" % number), 2.0) for number in range(3)])
    whole = replace(single, granted=b"250 0\r\n250 1\r\n250 2\r\n", answers=[])
    assert whole.replies() == single.replies()
    assert [reply.elapsed for reply in whole.replies()] == [1.0, 1.0, 1.0]
    assert (whole.size(), whole.unanswered(None), whole.after()) == (3, (), single.after())
    whole.mask(bytes)
    assert whole.granted
    whole.mask(lambda raw: raw.replace(b"1", b"*"))
    assert [reply.raw for reply in whole.replies()] == [b"250 0\r\n", b"250 *\r\n", b"250 2\r\n"]


def test_what_waits_for_an_answer_is_behind_what_has_one() -> None:
    assert [command.shown for command in group_of(3, answered=1).unanswered(None)] == ["NOOP 1", "NOOP 2"]
    assert not group_of(3).unanswered(None)


def test_nothing_waits_for_an_answer_after_a_421() -> None:
    group = replace(group_of(2), answers=[(RawReply(421, b"421 bye\r\n"), 1.0)])
    assert group.farewell()
    assert not group.unanswered(None)


def test_recorder_takes_remarks_among_exchanges() -> None:
    recorder = Recorder(ends=2)
    recorder.add(Remark(0.0, "connected"))
    recorder.add(group_of(2), 2)
    first, *_ = entries = recorder.transcript().entries
    assert isinstance(first, Remark)
    assert [entry.command for entry in entries if isinstance(entry, Exchange)] == ["NOOP 0", "NOOP 1"]


ADDRESSES = st.sampled_from(["a@b", "<a@b>", "", " a@b", '"a b"@c', "@x:a@b", "ü@b", "a", "a@b>", "p=q@b"])


@given(
    ADDRESSES.filter(lambda address: address != "a@b>"),
    st.lists(ADDRESSES.filter(lambda address: address not in ("a@b>", "")), min_size=1, max_size=4),
    st.lists(st.sampled_from([250, 251, 354, 421, 450, 550]), max_size=6),
    st.sampled_from([READY, Conversation(Stage.GREETED), Conversation(Stage.DATA, greeted_with="EHLO")]),
)
def test_short_way_through_an_envelope_ends_where_the_long_one_does(
    sender: str, recipients: list[str], codes: list[int], before: Conversation
) -> None:
    envelope = Envelope.of(sender, recipients)
    commands = envelope.batch.commands
    for codes_ in (codes, [250] * (len(commands) - 1) + [354]):  # whatever came, and all of it granted
        answers = [(RawReply(code, b"%d x\r\n" % code), 1.0) for code in codes_[: len(commands)]]
        all_granted = [reply.code // 100 for reply, _ in answers] == [2] * (len(commands) - 1) + [3]
        granted = b"".join(reply.raw for reply, _ in answers) if all_granted else b""
        group = Group(commands, envelope, False, before, 0.0, [] if granted else answers, granted)
        client = SmtpClient("example.org")
        client._heard_group(group)
        assert client.conversation == replace(group, envelope=None).after()
        assert len(client.transcript.exchanges) == len(answers)


@pytest.mark.parametrize("code", [250, 354, 421, 552])
@pytest.mark.parametrize("granted", [b"250 a\r\n250 b\r\n354 c\r\n", b""])
def test_content_is_an_exchange_of_its_own_behind_its_envelope(granted: bytes, code: int) -> None:
    envelope = Envelope.of("a@example.org", "b@example.org")
    lines = [b"250 a\r\n", b"250 b\r\n", b"354 c\r\n"]
    answers = [] if granted else [(RawReply(int(line[:3]), line), 2.0) for line in lines]
    last = RawReply(code, b"%d done\r\n" % code)
    group = Group(
        envelope.batch.commands, envelope, True, READY, 1.0, answers, granted, 1.5, 2.0, b"hi", 7, last, 3.0, 4.5
    )  # fmt: skip
    *before, content = group.said(0.5)
    assert [said.command for said in before] == [command.shown for command in envelope.batch.commands]
    assert (content.command, content.raw, content.content, content.octets) == (".", last.raw, b"hi", 7)
    assert (content.at, content.elapsed, content.wait, content.pipelined) == (1.5, 2.5, 1.5, False)
    assert content.before.stage is Stage.DATA
    assert content.after == group.after() == content.before.after(".", code)
    reply = group.last_reply()
    assert reply is not None
    assert (reply, reply.elapsed, reply.secure) == (content.reply(), 2.5, True)
    assert reply.conversation == content.before
    assert (group.size(), group.unanswered(None), group.farewell()) == (4, (), code == 421)
    group.mask(lambda raw: raw.replace(b"done", b"****"))
    assert group.last == RawReply(code, b"%d ****\r\n" % code)


def test_content_without_a_reply_waits_for_it() -> None:
    envelope = Envelope.of("a@example.org", "b@example.org")
    granted = b"250 a\r\n250 b\r\n354 c\r\n"
    group = Group(envelope.batch.commands, envelope, True, READY, 1.0, [], granted, octets=7)
    assert [command.shown for command in group.unanswered(None)] == ["."]
    assert group.last_reply() is None
    assert replace(group, octets=0).unanswered(None) == ()


@pytest.mark.parametrize("address", ["a@b", "ü@b", '"a b"@c', ""])
def test_command_with_more_parameters_is_the_same_verb(address: str) -> None:
    command = with_parameters(mail_command(address, ["BODY=8BITMIME"]), ["SIZE=9"])
    expected = Command("MAIL", f"FROM:{path(address)}", "BODY=8BITMIME", "SIZE=9")
    assert (command.verb, command.shown, command.wire()) == (expected.verb, expected.shown, expected.wire())
    assert with_parameters(mail_command(address), ["SIZE=9"]).verb == "MAIL"


@given(st.text('ab@<>" ,\u00fc:=', max_size=8))
def test_path_command_is_what_the_checked_one_is(address: str) -> None:
    try:
        bracketed = path(address)
    except ValueError:
        return
    for made, checked in (
        (mail_command(address), Command("MAIL", f"FROM:{bracketed}")),
        (rcpt_command(address), Command("RCPT", f"TO:{bracketed}")),
    ):
        assert (made.verb, made.shown, made.wire(), made.secret) == (checked.verb, checked.shown, checked.wire(), None)
    if is_ordinary(address):
        assert address_in(f"TO:{bracketed}") == address


def test_what_is_kept_can_be_gone_through_without_making_values() -> None:
    recorder = Recorder(ends=9)
    recorder.add(Remark(0.0, "connected"))
    recorder.add(group_of(2), 2)
    remark, *said = recorder.kept()
    assert remark == Remark(0.0, "connected")
    assert [each.exchange() for each in said if isinstance(each, Said)] == list(recorder.transcript().exchanges)


@pytest.mark.parametrize("ends", [5, 1_000])
def test_whoever_looks_meanwhile_sees_what_is_left_out(ends: int, quick_switches: None) -> None:
    recorder, done = Recorder(ends), threading.Event()
    seen: list[tuple[int, int]] = []

    def look() -> None:
        while not done.is_set():
            transcript = recorder.transcript()
            texts = [int(each.text) for each in (*transcript.first, *transcript.last) if isinstance(each, Remark)]
            gap = sum(after - before - 1 for before, after in itertools.pairwise(texts))
            seen.append((gap, transcript.omitted))

    thread = threading.Thread(target=look)
    thread.start()
    for number in range(6_000):
        recorder.add(Remark(0.0, str(number)))
    done.set()
    thread.join()
    assert seen
    assert [pair for pair in seen if pair[0] != pair[1]] == []
