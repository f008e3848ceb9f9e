"""`client.pipeline()`: verbs queued in a block, sent in one write, replies matched in order (RFC 2920).

Only a server that offers PIPELINING gets groups; any other gets one command after the other, with the same replies.
Every status is read. What RFC 2920 §3.1 allows only at the end of a group ends one, so no reply is left to chance;
STARTTLS, AUTH and content are never part of a group, as all that follows depends on their reply.
"""

from typing import TYPE_CHECKING, Final, Self

from smtpnb.protocol.command import Batch, Command, mail_command, rcpt_command
from smtpnb.protocol.content import END_OF_DATA
from smtpnb.protocol.conversation import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from smtpnb.client import SmtpClient
    from smtpnb.protocol.reply import SmtpReply

#: Verbs that may stand anywhere in a group (RFC 2920 §3.1); every other one ends it.
_ANYWHERE: Final = frozenset({"MAIL", "RCPT", "RSET"})


class Pipeline:
    """Commands that go out together at the end of the block.

    Args:
        client: whose they are.
        commands: those that are queued already.

    Attributes:
        replies: the replies read so far, one for each command, in order; all of them after the block.
        ending: the answer to the lone dot that ended a DATA the server granted although every recipient (or the
            sender) was refused, as RFC 2920 §3.1 demands; else None.
    """

    def __init__(self, client: "SmtpClient", commands: "Iterable[Command]" = ()) -> None:
        self._client = client
        self._commands = list(commands)
        self.replies: list[SmtpReply] = []
        self.ending: SmtpReply | None = None

    def mail(self, address: str | None, *parameters: str) -> None:
        """Queues MAIL FROM."""
        self._queue(mail_command(address, parameters))

    def rcpt(self, address: str | None, *parameters: str) -> None:
        """Queues RCPT TO."""
        self._queue(rcpt_command(address, parameters))

    def data(self) -> None:
        """Queues DATA, the last command of the block: its content depends on the reply."""
        self._queue(Command("DATA"))

    def rset(self) -> None:
        """Queues RSET."""
        self._queue(Command("RSET"))

    def noop(self) -> None:
        """Queues NOOP."""
        self._queue(Command("NOOP"))

    def vrfy(self, username: str) -> None:
        """Queues VRFY."""
        self._queue(Command("VRFY", username))

    def expn(self, mailing_list: str) -> None:
        """Queues EXPN."""
        self._queue(Command("EXPN", mailing_list))

    def help(self, topic: str | None = None) -> None:
        """Queues HELP."""
        self._queue(Command("HELP", topic or ""))

    def quit(self) -> None:
        """Queues QUIT."""
        self._queue(Command("QUIT"))

    def _queue(self, command: Command) -> None:
        if self._commands and self._commands[-1].verb in ("DATA", "QUIT"):
            raise ValueError(
                f"{command.verb} cannot be queued behind {self._commands[-1].verb}: end the block, look at its reply, "
                "and go on from there"
            )
        self._commands.append(command)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Sends the queue; nothing is sent where the block failed."""
        if kind is None:
            self.send()

    def send(self) -> None:
        """Sends what is queued and reads every reply.

        Raises:
            SmtpError: as for any verb; the replies read before it are in `replies`.
        """
        client = self._client
        outer = client._job  # noqa: SLF001 - the other half of one thing
        client._job = client._deadline()  # noqa: SLF001 - one deadline for all of it
        try:
            self._send()
        finally:
            client._job = outer  # noqa: SLF001

    def _send(self) -> None:
        commands, self._commands = self._commands, []
        grouped = "PIPELINING" in self._client.capabilities
        for group in _groups(commands) if grouped else [[command] for command in commands]:
            self._send_group(group)
        self.ending = end_unwanted_data(self._client, self.replies)

    def _send_group(self, commands: list[Command]) -> None:
        client = self._client
        if len(commands) == 1:
            self.replies.append(client._exchange(commands[0]))  # noqa: SLF001 - the other half of one thing
            return
        group = client._exchange_group(Batch.of(commands), replies=self.replies)  # noqa: SLF001 - as above
        if group.size() < len(commands):
            client._connected()  # noqa: SLF001 - it is not: this says why

    def __repr__(self) -> str:
        return f"<Pipeline: {len(self._commands)} queued, {len(self.replies)} answered>"


def end_unwanted_data(client: "SmtpClient", replies: "Sequence[SmtpReply]") -> "SmtpReply | None":
    """The answer to the lone dot, where the server granted DATA although nobody is to have it (RFC 2920 §3.1).

    Args:
        client: whose session it is.
        replies: what was answered to the commands up to DATA: a server may take RCPT and DATA though it refused MAIL.
    """
    now = client.conversation
    if now.stage is not Stage.DATA:
        return None
    mail = next((reply for reply in reversed(replies) if reply.verb == "MAIL"), None)
    if now.recipients and (mail is None or 200 <= mail.code < 300):
        return None
    return client._upload_whole(END_OF_DATA)  # noqa: SLF001 - as above


def _groups(commands: list[Command]) -> list[list[Command]]:
    """The commands in groups, each ending with a verb that may only end one."""
    groups: list[list[Command]] = [[]]
    for command in commands:
        groups[-1].append(command)
        if command.verb not in _ANYWHERE:
            groups.append([])
    return [group for group in groups if group]
