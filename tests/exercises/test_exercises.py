"""Every exercise of the course: not answered, typical wrong answers and right ones are told apart."""

import base64
import itertools
import pprint
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import gallery_answers
import panel_answers
import probing_answers
import pytest

from smtpnb import Sandbox, SmtpClient, SmtpError, SmtpReply
from smtpnb.exercises import Verdict, WrongAnswer, check, running
from smtpnb.exercises.auth_plain import CAPTURED
from smtpnb.exercises.faster import _DATA
from smtpnb.exercises.international import COMMANDS
from smtpnb.exercises.registry import exercises
from smtpnb.exercises.starttls import _SERVERS
from smtpnb.exercises.transaction import _octets, _stuffed
from smtpnb.exercises.vrfy import USERS
from smtpnb.protocol.content import pieces, transparent
from smtpnb.sandbox import StripsStartTls
from smtpnb.sandbox.receiver import DataReceiver

Answers = tuple[Any, ...]


@pytest.fixture(autouse=True)
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a learner; the one test of strictness sets it itself."""
    monkeypatch.delenv("SMTPNB_STRICT", raising=False)


def _talk(steps: Callable[[SmtpClient], Any], **options: Any) -> SmtpClient:
    """A client that has said something to a sandbox of its own."""
    with Sandbox(**options) as sandbox, sandbox.client() as client:
        steps(client)
    return client


def _reply(step: Callable[[SmtpClient], SmtpReply]) -> SmtpReply:
    with Sandbox(in_memory=True) as sandbox, sandbox.client() as client:
        return step(client)


def _message(recipients: list[str], header: str) -> Any:
    with Sandbox(in_memory=True) as sandbox, sandbox.client() as client:
        client.send_mail("alice@example.org", recipients, f"From: alice@example.org\n{header}\n\nHi\n")
        return sandbox.messages[-1]


BOB, CAROL, HIDDEN = "bob@example.org", "carol@example.org", "postmaster@example.org"
WORDS = {2: "done", 3: "go on", 4: "not now", 5: "no"}


def take_apart(raw: str) -> Any:
    lines = raw.split("\r\n")[:-1]
    return int(raw[:3]), [line[4:] for line in lines], lines[-1][3:4] != "-"


def unstuff(text: str) -> str:
    return "\r\n".join(line.removeprefix(".") for line in text.split("\r\n"))


def _refused_then_sent(client: SmtpClient) -> None:
    client.ehlo()
    client.data()
    client.send_mail(BOB, [CAROL], "Hi\n")


def must_be_secure(client: SmtpClient) -> bool:
    try:
        client.ehlo()
        client.starttls()
        if client.secure:
            client.ehlo()
    except SmtpError:
        return False
    return client.secure


def blind(client: SmtpClient) -> bool:
    client.ehlo()
    client.starttls(verify=False)
    client.ehlo()
    return True


def no_second_ehlo(client: SmtpClient) -> bool:
    try:
        client.starttls() if client.ehlo().success else None
    except SmtpError:
        return False
    return client.secure


def not_caught(client: SmtpClient) -> bool:
    client.ehlo()
    client.starttls()
    if client.secure:
        client.ehlo()
    return client.secure


def unverified(client: SmtpClient) -> bool:
    client.ehlo()
    client.starttls(verify=False)
    client.ehlo()
    return client.secure


def _then_success(client: SmtpClient) -> None:
    client.ehlo()
    client.mail("alice@example.org")
    client.starttls()
    client.ehlo()
    client.mail("alice@example.org")


def plain_token(login: str, password: str, authzid: str = "") -> str:
    return base64.b64encode(f"{authzid}\0{login}\0{password}".encode()).decode()


def _log_in(password: str) -> Callable[[SmtpClient], None]:
    def steps(client: SmtpClient) -> None:
        client.ehlo()
        client.auth("LOGIN")
        client.auth_login_username("bob")
        client.auth_login_password(password)

    return steps


def full_name(line: str) -> Any:
    match = re.fullmatch(r"(?:\d\.\d+\.\d+ )?(.*?) ?<?([^<> ]+)>?", line)
    assert match
    return match.groups()


def expand_all(client: SmtpClient, name: str) -> set[str]:
    waiting, seen, people = [name], set(), set()
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        reply = client.expn(one)
        if reply.success:
            waiting += [full_name(line)[1] for line in reply.lines]
        else:
            people.add(one)
    return people


def no_guard(client: SmtpClient, name: str) -> set[str]:
    reply = client.expn(name)
    return set().union(*(no_guard(client, full_name(line)[1]) for line in reply.lines)) if reply.success else {name}


def next_action(reply: SmtpReply) -> str:
    if reply.code == 421:
        return "reconnect"
    return {2: "go on", 3: "go on", 4: "retry", 5: "give up"}[reply.code // 100]


def _send(client: SmtpClient) -> Any:
    if not client.connected:
        client.connect()
    return client.send_mail("alice@example.org", [BOB], "Subject: Patience\n\nHello!\n")


def deliver(client: SmtpClient, wait: Callable[[float], Any], tries: int = 3, seconds: float = 1800) -> bool:
    for _ in range(tries):
        try:
            delivery = _send(client)
            if delivery.success or delivery.reply.severity == 5:
                return bool(delivery.success)
        except SmtpError:
            pass
        wait(seconds)
    return False


def stubborn(client: SmtpClient, wait: Callable[[float], Any]) -> bool:
    for _ in range(3):
        if _send(client).success:
            return True
        wait(1800)
    return False


def not_catching(client: SmtpClient, wait: Callable[[float], Any]) -> bool:
    for _ in range(3):
        delivery = _send(client)
        if delivery.success or delivery.reply.severity == 5:
            return bool(delivery.success)
        wait(1800)
    return False


def twice(client: SmtpClient, wait: Callable[[float], Any]) -> bool:
    return bool(_send(client).success and _send(client).success)


def round_trips(verbs: Any) -> int:
    ends = [verb not in ("MAIL", "RCPT", "RSET", ".") for verb in verbs]
    return sum(ends) + (bool(ends) and not ends[-1])


def answers(verbs: Any, raw: str) -> Any:
    codes = [int(line[:3]) for line in raw.split("\r\n")[:-1] if line[3:4] != "-"]
    return list(itertools.zip_longest(verbs, codes))


def end_of_data(octets: bytes) -> int | None:
    at = (b"\r\n" + octets).find(b"\r\n.\r\n")
    return None if at < 0 else at + 3


def needs_smtputf8(addresses: Any, message: str) -> bool:
    return not all(text.isascii() for text in [*addresses, message.partition("\n\n")[0]])


def notify(wishes: Any) -> str:
    return "NOTIFY=" + (",".join(wishes) or "NEVER")


#: By exercise: what makes the right answers, then wrong answers and a word of what is said to them.
ANSWERS: dict[str, tuple[Callable[[], Answers], list[tuple[Callable[[], Answers], str]]]] = {
    "first_encrypted": (
        lambda: ("EHLO",),
        [(lambda: ("STARTTLS",), "in the clear"), (lambda: ("AUTH PLAIN",), "above it"), (lambda: (7,), "in quotes"),
         (lambda: ("TLSv1.3 handshake",), "no command"), (lambda: ("250",), "the server's answer"),
         (lambda: ("client.ehlo()",), "is Python"), (lambda: ("XYZZY",), "no encrypted row")],
    ),
    "classify": (
        lambda: (lambda code: WORDS[code // 100],),
        [
            (lambda: ({250: "done", 354: "go on", 451: "not now", 550: "no"}.get,), "by heart"),
            (lambda: (lambda code: "done" if code < 400 else WORDS[code // 100],), "3xx is not done"),
            (lambda: (lambda code: WORDS[9 - code // 100] if code >= 400 else WORDS[code // 100],), "other way round"),
            (lambda: ("done",), "function itself"),
            (lambda: (print,), "returns nothing"),
            (lambda: (lambda code: WORDS[code // 100].title(),), "small letters are not the same"),
            (lambda: (lambda code: "done" if code[0] == "2" else "no",), "has no [0]"),
            (lambda: (lambda code: WORDS[code / 100],), "250 // 100"),
            (lambda: (lambda: "done",), "takes 0 positional arguments but 1 was given."),
        ],
    ),
    "take_apart": (
        lambda: (take_apart,),
        [
            (lambda: (lambda raw: (int(raw[:3]), [line[4:] for line in raw.splitlines()], take_apart(raw)[2]),), "splitlines"),
            (lambda: (lambda raw: (*take_apart(raw)[:2], raw.endswith("\r\n")),), "ends a line, not a reply"),
            (lambda: (lambda raw: (raw[:3], *take_apart(raw)[1:]),), "int(raw[:3])"),
            (lambda: (lambda raw: raw.nonsense,), "AttributeError"),
            (lambda: (lambda raw: (*take_apart(raw)[:2], raw.split("\r\n")[-1][3] == " "),), "empty rest"),
            (lambda: (lambda raw: (*take_apart(raw)[:2], raw.split("\r\n")[-2][3] == " "),), "line[3:4] is empty"),
            (lambda: (lambda raw: (*take_apart(raw)[:2], not take_apart(raw)[2]),), "other way round"),
            (lambda: (lambda raw: (*take_apart(raw)[:2], "-" not in raw),), "A hyphen may stand anywhere"),
        ],
    ),
    "ehlo_without_name": (
        lambda: (SmtpReply.parse("501 Syntax\r\n"),),
        [(lambda: (SmtpReply.parse("250 hi\r\n"),), "empty text"), (lambda: (503,), "Connect first"), (lambda: ("no",), "its code"),
         (lambda: (_reply(lambda client: client.noop()),), "reply to NOOP"), (lambda: (_reply(lambda client: client.helo("")),), "reply to HELO"),
         (lambda: ("250 hi\r\n",), "empty text"), (lambda: (SmtpClient("127.0.0.1", 1).ehlo,), "Call it")],
    ),
    "stuff": (
        lambda: (_stuffed, unstuff),
        [
            (lambda: (lambda text: text.replace(".", ".."), unstuff), "every dot"),
            (lambda: (lambda text: text.replace("\r\n.", "\r\n.."), unstuff), "very first line"),
            (lambda: (_stuffed, lambda text: "\r\n".join(line.lstrip(".") for line in text.split("\r\n"))), "lstrip"),
        ],
    ),
    "bcc": (
        lambda: (_message([BOB, CAROL, HIDDEN], f"To: {BOB}, {CAROL}"),),
        [
            (lambda: (_message([BOB, CAROL, HIDDEN], f"To: {BOB}, {CAROL}\nBcc: {HIDDEN}"),), "Bcc field"),
            (lambda: (_message([BOB, CAROL], f"To: {BOB}, {CAROL}"),), "not in the envelope"),
            (lambda: (_message([BOB, CAROL, HIDDEN], f"To: {BOB}, {CAROL}, {HIDDEN}"),), "for all to see"),
            (lambda: ("sent",), "CapturedMessage"),
        ],
    ),
    "repair_503": (
        lambda: (_talk(_refused_then_sent, in_memory=True),),
        [
            (lambda: (_talk(lambda client: (client.ehlo(), client.data()), in_memory=True),), "in order"),
            (lambda: (_talk(lambda client: client.ehlo(), in_memory=True),), "No 503"),
            (lambda: (3,), "TypeError"),
        ],
    ),
    "on_the_wire": (
        lambda: (_octets,),
        [
            (lambda: (len,), "characters"),
            (lambda: (lambda text: _octets(text) - 3,), "lone dot"),
            (lambda: (lambda text: len(text.replace("\n", "\r\n").encode()) + 3,), "doubled"),
            (lambda: (lambda text: len(_stuffed(text.replace("\n", "\r\n"))) + 3,), "more than one octet"),
            (lambda: (lambda text: _octets(text) + 2,), "counted already"),
        ],
    ),
    "stripper": (
        lambda: ({"STARTTLS"}, "XXXXXXXA"),
        [(lambda: ("XXXXXXXA", "STARTTLS"), "other way round"), (lambda: ("STARTTLS", "TLS"), "only one")],
    ),
    "must_be_secure": (
        lambda: (must_be_secure,),
        [
            (lambda: (blind,), "behind a stripper"),
            (lambda: (unverified,), "expired"),
            (lambda: (not_caught,), "Catch SmtpError"),
            (lambda: (no_second_ehlo,), "ehlo() again"),
            (lambda: (lambda client: False,), "With a good server"),
        ],
    ),
    "then_success": (
        lambda: (_talk(_then_success, require_tls=True),),
        [
            (lambda: (_talk(_then_success),), "No 530"),
            (lambda: (_talk(lambda client: (client.ehlo(), client.mail(BOB)), require_tls=True),), "STARTTLS"),
            (lambda: (_talk(lambda client: (client.ehlo(), client.mail(BOB), client.starttls()), require_tls=True),), "very command"),
        ],
    ),
    "plain_token": (
        lambda: (plain_token,),
        [
            (lambda: (lambda login, password, authzid="": base64.b64encode(f"{login}\0{password}".encode()).decode(),), "leading NUL"),
            (lambda: (lambda *args: plain_token(*args).encode(),), "bytes"),
            (lambda: (lambda login, password, authzid="": plain_token(login, password),), "never used"),
            (lambda: (lambda login, password, authzid="": base64.b64encode(f"{authzid}:{login}:{password}".encode()).decode(),), "colons"),
            (lambda: (lambda login, password: plain_token(login, password, ""),), "with three"),
            (lambda: (lambda login, password, authzid="": f"\0{login}\0{password}",), "message itself"),
            (lambda: (lambda login, password, authzid="": base64.b64encode(f"\0{login}\0{password}"),), "Make them of the text"),
            (lambda: (lambda login, password, authzid="": base64.b64decode(f"\0{login}\0{password}"),), "b64encode makes it"),
            (lambda: (lambda login, password, authzid="": base64.b64encode(f"NUL{login}NUL{password}".encode()).decode(),), r"yours is b'NULtimNUL"),
            (lambda: (lambda *args: f"AUTH PLAIN {plain_token(*args)}",), "stand before the token"),
            (lambda: (lambda *args: str(plain_token(*args).encode()),), "str() writes"),
            (lambda: (lambda *args: plain_token(*args) + "\r\n",), "ends the line"),
            (lambda: (lambda login, password, authzid="": f"\0{login}\0{password}".encode().hex(),), "no base64"),
            (lambda: (lambda login, password, authzid="": plain_token(password, login, authzid),), "order is"),
            (lambda: (lambda login, password, authzid="": plain_token(login, password, authzid) if authzid
                      else base64.b64encode(f"{login}\0{password}".encode()).decode(),), "its NUL stays"),
        ],
    ),
    "decode_token": (
        lambda: ("Kurt", "xipj3plmq"),
        [(lambda: ("Ursel", "xipj3plmq"), "act *for*"), (lambda: (b"Kurt", b"xipj3plmq"), "decode"), (lambda: ("a", "b"), "NULs"),
         (lambda: (b"Ursel", b"xipj3plmq"), "act *for*"), (lambda: ("kurt", "xipj3plmq"), "capital letter")],
    ),
    "login": (
        lambda: (_talk(_log_in("builder"), in_memory=True),),
        [
            (lambda: (_talk(_log_in("wrong"), in_memory=True),), "535: login or password"),
            (lambda: (_talk(lambda client: (_log_in("wrong")(client), client.auth_plain("bob", "builder")), in_memory=True),), "535"),
            (lambda: (_talk(lambda client: (client.ehlo(), client.auth_plain("bob", "builder")), in_memory=True),), "another mechanism"),
            (lambda: (_talk(lambda client: (client.ehlo(), client.auth_plain("bob", "builder"), client.auth("LOGIN")), in_memory=True),), "logged in already"),
            (lambda: (_talk(lambda client: (client.helo(), client.auth("LOGIN")), in_memory=True),), "HELO gets no extensions"),
            (lambda: (_talk(lambda client: (client.ehlo(), client.auth("LOGIN"), client.auth("LOGIN")), in_memory=True),), "Say that once"),
            (lambda: (_talk(lambda client: (client.ehlo(), client.auth("LOGIN"), client.auth_login_username("bob")), in_memory=True),), "asks for the password"),
            (lambda: (_talk(lambda client: (client.ehlo(), client.auth("LOGIN"), client.get_response("bob")), in_memory=True),), "no base64"),
            (lambda: (_talk(lambda client: (client.ehlo(), client.auth("LOGIN")), in_memory=True),), "twice"),
            (lambda: (_talk(lambda client: client.auth("LOGIN"), in_memory=True),), "EHLO first"),
        ],
    ),
    "verified": (
        lambda: (lambda reply: {250: True, 550: False}.get(reply.code),),
        [
            (lambda: (lambda reply: reply.success,), "I do not tell"),
            (lambda: (lambda reply: True if reply.code == 250 else False if reply.code >= 500 else None,), "Only 550 denies"),
            (lambda: (lambda reply: reply.code == 250,), "None"),
        ],
    ),
    "map_users": (
        lambda: (dict(USERS),),
        [
            (lambda: ({**USERS, "bob": True},), "252"),
            (lambda: ({**USERS, "erin": False},), "502"),
            (lambda: ({name: SmtpReply.parse("250 x\r\n") for name in USERS},), "replies"),
            (lambda: (list(USERS),), "each of the five"),
        ],
    ),
    "full_name": (
        lambda: (full_name,),
        [
            (lambda: (lambda line: (full_name(line)[0], f"<{full_name(line)[1]}>") if "<" in line else full_name(line),), "brackets"),
            (lambda: (lambda line: full_name(line)[::-1],), "other way round"),
            (lambda: (lambda line: full_name(line)[1],), "Both"),
        ],
    ),
    "expand_all": (
        lambda: (expand_all,),
        [
            (lambda: (lambda client, name: set(client.expn(name).lines),), "whole lines"),
            (lambda: (lambda client, name: {full_name(line)[1] for line in client.expn(name).lines},), "is a list and no person"),
            (lambda: (no_guard,), "Remember the lists"),
        ],
    ),
    "next_action": (
        lambda: (next_action,),
        [
            (lambda: (lambda reply: {2: "go on", 3: "go on", 4: "retry", 5: "give up"}[reply.severity],), "needs a new one"),
            (lambda: (lambda reply: "go on" if reply.success else "give up",), "4xx is not a failure"),
            (lambda: (lambda reply: next_action(reply) if reply.severity > 3 else ["go on", "retry"][reply.severity - 2],), "3xx is no refusal"),
            (lambda: (lambda reply: "retry" if "try again" in reply.message and reply.severity == 5 else next_action(reply),), "Words are for people"),
            (lambda: (next_action(SmtpReply.parse("250 hi\r\n")),), "function itself"),
        ],
    ),
    "deliver": (
        lambda: (deliver,),
        [
            (lambda: (lambda client, wait: bool(_send(client).success),), "451 means: not now"),
            (lambda: (stubborn,), "do not ask again"),
            (lambda: (lambda client, wait: deliver(client, lambda _: None),), "at once"),
            (lambda: (lambda client, wait: deliver(client, wait, tries=9, seconds=60),), "tries are enough"),
            (lambda: (lambda client, wait: deliver(client, wait, seconds=60),), "at least as long"),
            (lambda: (lambda client, wait: deliver(client, wait, tries=2),), "gave up after 2"),
            (lambda: (lambda client, wait: _send(client),), "wanted is True or False"),
            (lambda: (twice,), "2 times"),
            (lambda: (not_catching,), "connect() again"),
            (lambda: (lambda client: True,), "TypeError"),
            (lambda: (lambda client, wait: False,), "send_mail"),
        ],
    ),
    "round_trips": (
        lambda: (round_trips,),
        [
            (lambda: (len,), "without PIPELINING"),
            (lambda: (lambda verbs: sum(verb not in ("MAIL", "RCPT", "RSET", ".") for verb in verbs),), "left behind"),
            (lambda: (lambda verbs: round_trips([verb for verb in verbs if verb != "DATA"]),), "DATA ends a group"),
            (lambda: (lambda verbs: round_trips([verb.replace(".", "DATA") for verb in verbs]),), "need not end"),
            (lambda: (lambda verbs: round_trips([verb.replace("RSET", "DATA") for verb in verbs]),), "RSET may stand"),
        ],
    ),
    "answers": (
        lambda: (answers,),
        [
            (lambda: (lambda verbs, raw: answers(verbs, raw.replace("-", " "))[: len(verbs)],), "not lines"),
            (lambda: (lambda verbs, raw: [pair for pair in answers(verbs, raw) if pair[1]],), "with None"),
            (lambda: (lambda verbs, raw: dict(answers(verbs, raw)),), "one RCPT only"),
            (lambda: (lambda verbs, raw: [code for _, code in answers(verbs, raw)],), "Pairs"),
        ],
    ),
    "end_of_data": (
        lambda: (end_of_data,),
        [
            (lambda: (lambda octets: None if (at := octets.find(b"\r\n.\r\n")) < 0 else at + 5,), "empty message"),
            (lambda: (lambda octets: None if (at := (b"\n" + octets).find(b"\n.\r\n")) < 0 else at + 3,), "smuggling works there"),
            (lambda: (lambda octets: len(octets) if octets.endswith(b"\r\n.\r\n") else None,), "behind the end"),
            (lambda: (lambda octets: end_of_data(octets) or -1,), "None is wanted"),
            (lambda: (lambda octets: octets.index("."),), "TypeError"),
        ],
    ),
    "needs_smtputf8": (
        lambda: (needs_smtputf8,),
        [
            (lambda: (lambda addresses, message: not "".join([*addresses, message]).isascii(),), "BODY=8BITMIME"),
            (lambda: (lambda addresses, message: not "".join(addresses).isascii(),), "header section may hold"),
            (lambda: (lambda addresses, message: needs_smtputf8([a.split("@")[0] for a in addresses], message),), "domain counts"),
            (lambda: (lambda addresses, message: needs_smtputf8(addresses, message.split("\n")[0]),), "in the header section"),
            (lambda: (lambda addresses, message: 1 if needs_smtputf8(addresses, message) else 0,), "wanted is False"),
        ],
    ),
    "notify": (
        lambda: (notify,),
        [
            (lambda: (lambda wishes: "NOTIFY=" + ",".join(wishes),), "NEVER"),
            (lambda: (lambda wishes: notify(wishes).replace(",", ", "),), "No space"),
            (lambda: (lambda wishes: notify(wishes)[7:],), "parameter's name"),
            (lambda: (lambda wishes: notify([*wishes, "NEVER"]),), "stands alone"),
            (lambda: (lambda wishes: notify(wishes) if wishes else "",), "asked for"),
        ],
    ),
    "which_command": (
        lambda: (dict(COMMANDS),),
        [
            (lambda: (dict.fromkeys(COMMANDS, "MAIL"),), "one recipient"),
            (lambda: ({**COMMANDS, "RET": "RCPT"},), "for all recipients"),
            (lambda: ({"SIZE": "MAIL"},), "All seven"),
            (lambda: ("MAIL",), "A mapping"),
        ],
    ),
}  # fmt: skip

ANSWERS |= panel_answers.ANSWERS | probing_answers.ANSWERS | gallery_answers.ANSWERS

RIGHT = list(ANSWERS)
WRONG = [(name, make, said) for name, (_, wrongs) in ANSWERS.items() for make, said in wrongs]


def test_every_exercise_is_tried_here() -> None:
    assert set(ANSWERS) == set(exercises())


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_is_right(name: str) -> None:
    verdict = check(name, *ANSWERS[name][0]())
    assert verdict.to_text().startswith("right: ")
    assert verdict


@pytest.mark.parametrize(("name", "make", "said"), WRONG, ids=[f"{name}-{said}" for name, _, said in WRONG])
def test_a_typical_wrong_answer_is_recognised(name: str, make: Callable[[], Answers], said: str) -> None:
    verdict = check(name, *make())
    assert verdict.to_text().startswith("not quite: ")
    assert said in verdict.because
    assert not verdict


def _skeletons(count: int) -> Iterator[Answers]:
    def dots(*_: Any) -> Any: ...

    def not_implemented(*_: Any) -> Any:
        raise NotImplementedError

    yield ()
    yield (...,) * count
    yield (None,) * count
    yield (dots,) * count
    yield (not_implemented,) * count


FUNCTIONS = {"classify", "take_apart", "stuff", "on_the_wire", "must_be_secure", "plain_token", "verified", "full_name", "expand_all",
             "next_action", "deliver", "round_trips", "answers", "end_of_data", "needs_smtputf8", "notify", "only_inside"}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_a_skeleton_is_not_answered_yet(name: str) -> None:
    count = len(exercises()[name].wants)
    answers = list(_skeletons(count))
    for skeleton in answers if name in FUNCTIONS else answers[:3]:
        verdict = check(name, *skeleton)
        assert verdict.to_text().startswith("not answered yet: ")
        assert exercises()[name].call in verdict.to_text()


@pytest.mark.parametrize("name", ["repair_503", "then_success", "login"])
def test_a_client_that_was_only_greeted_is_not_answered_yet(name: str) -> None:
    with Sandbox(in_memory=True) as sandbox:
        client = sandbox.client()
        client.connect()
        assert check(name, client).state == "not answered yet"


@pytest.mark.parametrize("name", RIGHT)
def test_three_hints_are_in_the_card_and_one_more_in_the_text_at_each_step(name: str) -> None:
    html = check(name)._repr_html_()
    assert html
    assert html.count("<details") == 3
    texts = [check(name, hint=step).to_text() for step in (1, 2, 3)]
    for step, text in enumerate(texts, 1):
        assert [f"Hint {number}" in text for number in (1, 2, 3)] == [number <= step for number in (1, 2, 3)]


# -- what the exercises say is true ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["Hi\n", ".\n", "Grüße\n", "a\n.b\n..\n", "x\n\n\n", "✉\n"])
def test_octets_are_counted_as_the_client_sends_them(text: str) -> None:
    assert _octets(text) == len(b"".join(transparent(pieces(text))))


def test_stripped_capabilities_are_those_that_the_exercise_expects() -> None:
    honest, stripped = Sandbox(), Sandbox(behaviours=[StripsStartTls(leaves_gap=True)])
    offered = []
    for sandbox in (honest, stripped):
        with sandbox, sandbox.client() as client:
            client.ehlo()
            offered.append(set(client.capabilities))
    assert offered[0] ^ offered[1] == {"STARTTLS", "XXXXXXXA"}


def test_captured_token_is_what_the_exercise_expects() -> None:
    assert base64.b64decode(CAPTURED).decode().split("\0") == ["Ursel", "Kurt", "xipj3plmq"]


def test_servers_of_must_be_secure_are_as_described() -> None:
    for server in _SERVERS:
        with server.sandbox() as sandbox, sandbox.client() as client:
            assert must_be_secure(client) is server.secure


def _with_a_block(client: SmtpClient, wait: Callable[[float], Any]) -> bool:
    for _ in range(3):
        try:
            with client:
                delivery = client.send_mail("alice@example.org", [BOB], "Hi\n")
            if delivery.success or delivery.reply.code >= 500:
                return bool(delivery.success)
        except SmtpError:
            pass
        wait(300)
    return False


def _verb_by_verb(client: SmtpClient, wait: Callable[[float], Any]) -> bool:
    for _ in range(3):
        try:
            if not client.connected:
                client.connect()
                client.ehlo()
            client.rset()
            for step in (
                lambda: client.mail("alice@example.org"),
                lambda: client.rcpt(BOB),
                client.data,
                lambda: client.data_body("Hi\n"),
            ):
                reply = step()
                if not reply.success:
                    break
            if reply.success or reply.severity == 5:
                return bool(reply.success)
        except SmtpError:
            pass
        wait(600)
    return False


@pytest.mark.parametrize("function", [_with_a_block, _verb_by_verb])
def test_deliver_may_be_written_in_other_ways(function: Any) -> None:
    assert check("deliver", function)


@pytest.mark.parametrize("octets", _DATA)
def test_end_of_data_is_where_the_sandbox_finds_it(octets: bytes) -> None:
    content, stop = DataReceiver(1000).take(octets, 0)
    assert end_of_data(octets) == (None if content is None else stop)


@pytest.mark.parametrize(
    "verbs", ["MAIL RCPT RCPT DATA", "RSET MAIL RCPT VRFY RCPT NOOP NOOP", "MAIL RCPT RCPT", "NOOP MAIL"]
)
def test_round_trips_are_those_that_the_client_makes(verbs: str) -> None:
    client = _talk(lambda client: client.ehlo(), in_memory=True)
    client.connect()
    client.ehlo()
    before = client.transcript.timing().sessions[0].rounds
    with client.pipeline() as pipe:
        for verb in verbs.split():
            getattr(pipe, verb.lower())(*{"MAIL": ["a@example.org"], "RCPT": [BOB], "VRFY": ["bob"]}.get(verb, []))
    assert client.transcript.timing().sessions[0].rounds - before == round_trips(verbs.split())


@pytest.mark.parametrize(("parameter", "command"), COMMANDS.items())
def test_a_parameter_is_taken_with_its_command_and_unknown_with_the_other(parameter: str, command: str) -> None:
    values = {
        "SIZE": "=9",
        "BODY": "=8BITMIME",
        "RET": "=FULL",
        "ENVID": "=x",
        "NOTIFY": "=NEVER",
        "ORCPT": "=rfc822;b@example.org",
    }
    codes = {}
    with Sandbox(in_memory=True) as sandbox, sandbox.client() as client:
        client.ehlo()
        codes["MAIL"] = client.mail("alice@example.org", parameter + values.get(parameter, "")).code
        client.rset()
        client.mail("alice@example.org")
        codes["RCPT"] = client.rcpt(BOB, parameter + values.get(parameter, "")).code
    assert codes == {"MAIL": 555, "RCPT": 555, command: 250}


@pytest.mark.parametrize("wishes", [(), ("SUCCESS",), ("SUCCESS", "FAILURE", "DELAY")])
def test_notify_is_as_the_sandbox_wants_it(wishes: Any) -> None:
    with Sandbox(in_memory=True) as sandbox, sandbox.client() as client:
        client.ehlo()
        client.mail("alice@example.org")
        assert client.rcpt(BOB, notify(wishes)).code == 250


# -- whatever a learner does -------------------------------------------------------------------------------------


def _endless(code: int) -> str:
    while True:
        code += 1


def _recursive(code: int) -> str:
    return _recursive(code)


def _exits(code: int) -> str:
    raise SystemExit


def _interrupted(code: int) -> str:
    raise KeyboardInterrupt


class _Awkward:
    """Fails at whatever is done with it."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparing")

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (_endless, "did not come to an end"),
        (_recursive, "calls itself"),
        (_exits, "SystemExit"),
        (_interrupted, "interrupted"),
        (lambda code: 1 // 0, "ZeroDivisionError"),
        (lambda code: _Awkward(), "no comparing"),
        (lambda code: print("done"), "returns nothing"),
        (lambda: "done", "TypeError"),
        (lambda code: "\x1b[31m\u202e", r"\x1b[31m\u202e"),
        (lambda code: "<script>" * 1000, "more characters"),
    ],
)
def test_nothing_a_function_does_breaks_the_check(function: Any, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    verdict = check("classify", function)
    assert verdict.state == "not quite"
    assert said in verdict.because
    assert "<script" not in str(verdict._repr_html_())
    assert capsys.readouterr() == ("", "")


def test_a_librarys_many_lines_are_no_endless_loop() -> None:
    def thorough(line: str) -> Any:
        if line.startswith("Alice"):
            pprint.pformat(list(range(10_000)), width=1)  # more than 100,000 lines of the standard library's Python
        return full_name(line)

    assert check("full_name", thorough)


def _waits() -> str:
    for _ in range(10):
        time.sleep(0.02)
    return "done"


def _computes() -> str:
    for _ in range(10):
        sum(range(2_000_000))
    return "done"


def test_only_the_learners_own_computing_counts_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a busy machine makes it wait."""
    monkeypatch.setattr(running, "MAX_SECONDS", 0.1)
    assert running.run(_waits).value == "done"
    assert "did not come to an end" in running.run(_computes).trouble


def test_waiting_without_end_is_stopped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MAX_WAIT", 0.1)
    assert "did not come to an end" in running.run(_waits).trouble


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("answer", [_Awkward(), 7, b"\xff", [None], {"a": _Awkward()}, str, lambda *_: 7], ids=type)
def test_no_answer_breaks_the_check(name: str, answer: Any) -> None:
    for answers in ((answer,), (answer,) * 2, (answer,) * 5):
        assert check(name, *answers).state in ("not quite", "not answered yet")


def test_a_function_that_changes_its_argument_does_not_change_the_cases() -> None:
    def greedy(line: str) -> Any:
        return full_name(line)

    assert check("full_name", greedy)
    assert check("full_name", greedy)


def test_a_wrong_answer_raises_where_strict_and_no_other_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTPNB_STRICT", "1")
    with pytest.raises(WrongAnswer, match="not quite"):
        check("classify", len)
    assert not check("classify")
    assert not check("classify", ...)
    assert not check("no such exercise")
    assert check("first_encrypted", "EHLO")


@pytest.mark.parametrize(("name", "said"), [("clasify", "did you mean 'classify'"), (7, "no exercise"), ("", "no exercise")])  # fmt: skip
def test_an_unknown_exercise_names_the_near_one(name: Any, said: str) -> None:
    assert said in check(name).because


@pytest.mark.parametrize("hint", [0, -3, 99, None, "two"])
def test_an_odd_hint_number_shows_hints_all_the_same(hint: Any) -> None:
    assert "Hint 1" in check("classify", hint=hint).to_text()


@pytest.mark.parametrize(
    ("answer", "quoted"),
    [
        ("STARTTLS", "'STARTTLS'"),
        (7, "7"),
        (SmtpReply.parse("250 hi\r\n"), "<SmtpReply 250 hi>"),
        (object(), ""),
        (print, ""),
    ],
)
def test_a_wrong_answer_is_quoted_where_it_has_a_short_form(answer: Any, quoted: str) -> None:
    verdict = check("first_encrypted", answer)
    assert verdict.given == quoted
    assert (f"Your answer: {quoted}" in verdict.to_text()) is bool(quoted)
    assert ("Your answer:" in verdict._repr_html_()) is bool(quoted)


@pytest.mark.parametrize("answer", ["EHLO", ...])
def test_a_right_or_an_open_answer_is_not_quoted(answer: Any) -> None:
    assert not check("first_encrypted", answer).given


@pytest.mark.parametrize("answer", [501, "501 Syntax: EHLO domain\r\n"])
def test_ehlo_without_name_takes_the_code_and_the_raw_reply_too(answer: Any) -> None:
    assert check("ehlo_without_name", answer)


def test_a_verdict_says_the_same_twice() -> None:
    assert check("classify", len) == check("classify", len)
    assert isinstance(check("classify"), Verdict)
