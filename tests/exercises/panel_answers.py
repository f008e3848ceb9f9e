"""Right and wrong answers to the exercises of the panel; `test_exercises` tries them."""

from collections.abc import Callable
from typing import Any

from smtpnb import Sandbox, SmtpClient

Answers = tuple[Any, ...]

BUTTONS = ["Connect", "EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


def by_hand(client: SmtpClient) -> None:
    client.ehlo()
    client.starttls()
    client.ehlo()
    client.vrfy("carol")
    client.quit()


def in_the_clear(client: SmtpClient) -> None:
    client.ehlo()
    client.vrfy("carol")
    client.quit()


def without_starttls(client: SmtpClient) -> None:
    client.ehlo()
    client.ehlo()


def alice(client: SmtpClient) -> None:
    client.ehlo()
    client.starttls()
    client.ehlo()
    client.vrfy("alice")


def unfinished(client: SmtpClient) -> None:
    client.ehlo()
    client.starttls()
    client.ehlo()


def too_much(client: SmtpClient) -> None:
    client.ehlo()
    client.starttls()
    client.ehlo()
    client.vrfy("carol")
    client.noop()
    client.quit()


def _client(steps: Callable[[SmtpClient], None], **options: Any) -> SmtpClient:
    with Sandbox(**options) as sandbox:
        client = sandbox.client()
        client.connect()
        steps(client)
        client.disconnect()
    return client


def _sessions(mine: Callable[[SmtpClient], None]) -> Callable[[], Answers]:
    # A panel is judged by its transcript, as a client is: the session is the one that the notebook presses.
    return lambda: (_client(by_hand), _client(mine))


def _twice() -> Answers:
    client = _client(by_hand)
    return client, client


def _buttons(*names: str) -> Callable[[], Answers]:
    return lambda: (list(names),)


ANSWERS: dict[str, tuple[Callable[[], Answers], list[tuple[Callable[[], Answers], str]]]] = {
    "same_session": (
        _sessions(by_hand),
        [
            (_sessions(in_the_clear), "Connect is four steps"),
            (_sessions(without_starttls), "yours was 'EHLO notebook.example'"),
            (_sessions(alice), "The verb is right"),
            (_sessions(unfinished), "goes on with 'VRFY carol'"),
            (_sessions(too_much), "was 'QUIT' in the panel"),
            (lambda: (_client(alice), _client(lambda client: (alice(client), client.quit())[0])), "ends before your 'QUIT'"),
            (lambda: (_client(lambda client: None), _client(by_hand)), "Nothing was pressed"),
            (_twice, "panel twice"),
            (lambda: (_client(by_hand), "EHLO"), "TypeError"),
        ],
    ),
    "which_buttons": (
        _buttons(*BUTTONS),
        [
            (_buttons("Connect", "EHLO", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"), "one less"),
            (_buttons("Connect", "EHLO", "Send message", "QUIT"), "one line for all"),
            (_buttons("Connect", "EHLO", "MAIL", "RCPT", "DATA", "Send raw", "QUIT"), "DATA alone"),
            (_buttons("Connect", "MAIL", "RCPT", "DATA", "QUIT"), "EHLO was pressed"),
            (_buttons("EHLO", "MAIL", "RCPT", "DATA", "QUIT"), "there is a connection"),
            (_buttons(*BUTTONS[:-1]), "ends in order"),
            (_buttons(*BUTTONS[::-1]), "Go down the lines"),
            (lambda: (6,), "list of the buttons' names"),
        ],
    ),
}  # fmt: skip
