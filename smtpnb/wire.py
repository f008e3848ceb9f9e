"""One connection: commands out, whole replies in. The one choke point between the client and the stream.

Three rules live here and nowhere else. Input that nobody asked for, found before a command is sent, is
desynchronisation and never taken for that command's reply. Every wait takes from the deadline of the whole call.
And an upload that the server answers before its end is never a success. What a reply *means* is the client's.
"""

import ssl
import threading
from collections.abc import Callable, Iterable
from typing import Final

from smtpnb.errors import SmtpDisconnected, SmtpError, SmtpProtocolError, SmtpTimeout
from smtpnb.protocol.command import Batch
from smtpnb.protocol.limits import PIECE
from smtpnb.protocol.reader import Answer, RawReply, ReplyReader, unfinished
from smtpnb.session import TlsInfo
from smtpnb.text import decoded, shortened, visible
from smtpnb.transport.deadline import Deadline, monotonic
from smtpnb.transport.sockets import timed_out
from smtpnb.transport.stream import Stream
from smtpnb.transport.tls_faults import plain_port

#: Octets that the windows of every system take at once, unread replies or not.
_SMALL: Final = 4_096

#: Seconds to wait for the last words of a server that hung up during an upload: they came before the hang-up.
_PARTING: Final = 0.5


class Wire:
    """A connected stream and the reader of its replies.

    Args:
        stream: the connection; the wire owns it from now on.
        mask: hides secrets in octets that an error quotes.

    Attributes:
        sent_at: when the last octets went out.
        cut: how many octets of the last call went out, where it broke off before all had; else None.
        refused: whether an answer cut an upload short, after which this end closed the connection.
        cancelled: whether another thread ended it.
    """

    __slots__ = (
        "_due", "_lock", "_looking", "_mask", "_reader", "cancelled", "cut", "refused", "sent_at", "stream",
    )  # fmt: skip

    def __init__(self, stream: Stream, mask: Callable[[bytes], bytes] = bytes) -> None:
        self.stream = stream
        self._mask = mask
        self._reader = ReplyReader(mask=mask)
        self.sent_at = monotonic()
        self._due = 1  # replies that are due: the greeting is
        self._lock = threading.Lock()  # is held by whoever looks beside the exchanges
        self._looking = False  # whether somebody does
        self.cut: int | None = None
        self.refused = self.cancelled = False

    def check(self, deadline: Deadline) -> None:
        """Looks, without waiting, whether the server ended the connection; not while another thread awaits a reply.

        Raises:
            SmtpError: it did, or said something that nobody asked for.
        """
        with self._lock:
            self._looking = True
            try:
                if self._due <= 0 and (not self._reader.idle or self.stream.waiting()):
                    raise self._unasked(deadline)
            finally:
                self._looking = False

    def exchange(self, octets: bytes, deadline: Deadline) -> RawReply:
        """The reply to `octets`, a command, provided that nothing unread is waiting.

        Raises:
            SmtpProtocolError: the server said something that nobody asked for, or what came is no reply.
            SmtpDisconnected: it closed the connection meanwhile.
            SmtpTimeout: it took no octets, or gave no whole reply, before the deadline.
        """
        self._begin(deadline)
        self.stream.write(octets, deadline)
        self.sent_at = monotonic()
        return self.receive(deadline)

    def send_blindly(self, octets: bytes, replies: int, deadline: Deadline) -> None:
        """Sends `octets` whatever is unread, after which so many replies are due: for pipelining by hand."""
        self._claim(replies)
        self.stream.write(octets, deadline)
        self.sent_at = monotonic()

    def receive(self, deadline: Deadline) -> RawReply:
        """The next whole reply.

        Raises:
            SmtpProtocolError: what came is no reply.
            SmtpDisconnected: the connection ended before a whole reply had come.
            SmtpTimeout: the deadline passed first.
        """
        reader = self._reader
        reply = None if reader.idle else reader.next_reply()
        while reply is None:
            reply = reader.take(self._read(deadline))
        self._due -= 1
        return reply

    def upload(self, pieces: Iterable[bytes], deadline: Deadline) -> RawReply:
        """Sends the pieces, the last of which holds the end of the data, and returns the reply.

        A server that answers with 4xx or 5xx before the end has refused: its answer is returned, the connection is
        closed, and nothing more is sent.

        Raises:
            SmtpProtocolError: it answered something else before the end.
            SmtpDisconnected, SmtpTimeout: as ever.
        """
        self._begin(deadline)
        self.cut = out = 0
        for piece in pieces:
            if deadline.at <= monotonic():
                raise timed_out("end of the upload", deadline)
            try:  # nothing was waiting just now: a first small piece need not look again
                sent = self.stream.write(piece, deadline, watch=out > 0 or len(piece) > _SMALL)
            except SmtpDisconnected:
                return self._parting_words(deadline)
            self.cut = out = out + sent
            if sent < len(piece):
                return self._early(deadline)
        self.cut = None
        self.sent_at = monotonic()
        return self.receive(deadline)

    def upload_whole(self, octets: bytes, deadline: Deadline) -> RawReply:
        """`upload` of one piece: what is small goes out in one write that cannot wait for the server.

        Raises:
            SmtpError: as `upload`.
        """
        if len(octets) > _SMALL:
            return self.upload((octets,), deadline)
        self._begin(deadline)
        try:
            self.stream.write(octets, deadline)
        except SmtpDisconnected:
            return self._parting_words(deadline)
        self.sent_at = monotonic()
        return self.receive(deadline)

    def exchange_all(self, batch: Batch, answers: list[Answer], deadline: Deadline) -> bytes:
        """Sends a group of commands, and takes the replies as they come, up to a 421.

        Args:
            batch: the commands.
            answers: where the replies go, and when each was whole.
            deadline: by when.

        Returns:
            The replies where they came in one piece and grant an envelope, as they nearly always do: `answers` is
            empty then.

        Raises:
            SmtpError: as `exchange`; the replies before it are in `answers`.
        """
        octets, count = batch.octets, len(batch.commands)
        self._begin(deadline, count)
        if len(octets) > _SMALL:
            self._send_listening(octets, answers, count, deadline)
        else:
            self.stream.write(octets, deadline)
        self.sent_at = monotonic()
        if self._reader.idle and not answers:
            data = self._read(deadline)
            if batch.ends_in_data and self._reader.grants(data, count):  # to any other command a 354 grants nothing
                self._due = 0
                return data
            self._reader.feed(data)
        while not self._take_up(answers, count):
            self._reader.feed(self._read(deadline))
        return b""

    def _send_listening(self, octets: bytes, answers: list[Answer], count: int, deadline: Deadline) -> None:
        """Sends a group of commands, reading meanwhile what is answered: else both ends could wait for each other.

        RFC 2920 §3.1: a client must not let the server's replies fill both windows. A 421 among them ends it.
        """
        self.cut = sent = self.stream.write(octets[:PIECE], deadline, watch=True)
        while sent < len(octets):
            if self.stream.waiting():
                self._reader.feed(self._read(deadline))
            if self._take_up(answers, count):
                if answers[-1][0].code == 421:
                    return
                raise SmtpProtocolError(
                    "the server answered commands that had not gone out yet",
                    cause="It answers more than it was asked, so no reply can be told from another's.",
                    advice="connect() again; where it goes on so, send to fewer recipients at once",
                )
            self.cut = sent = sent + self.stream.write(octets[sent : sent + PIECE], deadline, watch=True)
        self.cut = None

    def _take_up(self, answers: list[Answer], count: int) -> bool:
        """Takes the replies that are whole; whether all are that are to come: so many, or up to a 421."""
        while len(answers) < count and not (answers and answers[-1][0].code == 421):
            reply = self._reader.next_reply()
            if reply is None:
                return False
            self._due -= 1
            answers.append((reply, monotonic()))
        return True

    def start_tls(
        self, context: ssl.SSLContext, server_name: str, deadline: Deadline, *, implicit: bool = False
    ) -> TlsInfo:
        """Changes over to TLS.

        Args:
            context: the TLS settings.
            server_name: the name to ask for and to check.
            deadline: by when.
            implicit: whether TLS comes first, with no STARTTLS before it.

        Raises:
            SmtpProtocolError: octets in the clear are waiting behind the server's "go ahead" (CVE-2011-0411 and its
                kin): they could be taken for something said inside TLS.
            SmtpTlsError: no TLS came about.
        """
        self._claim(1)
        if self._reader.idle and self.stream.waiting():
            self._reader.feed(self._read(deadline))
        if not self._reader.idle:
            if implicit:
                raise plain_port()
            raise SmtpProtocolError(
                f"the server sent more in the clear behind its reply to STARTTLS: {self._pending_shown()}",
                cause="Someone in between may have injected it, to have it taken for something said inside TLS.",
                advice="do not trust this connection; try another network",
            )
        tls = self.stream.start_tls(context, server_name, deadline)
        self._reader = ReplyReader(mask=self._mask)
        self._due = int(implicit)  # then the greeting is still to come
        self.sent_at = monotonic()
        return tls

    def cancel(self) -> None:
        """Closes the connection from another thread, whose doing it then is that a call ends."""
        self.cancelled = True
        self.stream.close()

    def close(self) -> None:
        """Closes the connection; may be repeated."""
        self.stream.close()

    # -- what went wrong -------------------------------------------------------------------------------------

    def _begin(self, deadline: Deadline, replies: int = 1) -> None:
        """Claims the connection, provided that nothing unread is waiting."""
        self._due = replies
        if self._looking:
            self._claim(replies)
        try:
            if self._reader.idle and not self.stream.waiting():
                return
        except SmtpError:
            self.cut = 0
            raise
        self.cut = 0
        raise self._unasked(deadline)

    def _claim(self, replies: int) -> None:
        """Keeps whoever looks beside the exchanges away until so many replies have come.

        Each of two threads says what it is about to do before it asks what the other does, so one of them sees the
        other. A lock in each exchange would cost a twentieth of a message.
        """
        self._due = replies
        if self._looking:
            with self._lock:
                pass

    def _read(self, deadline: Deadline) -> bytes:
        """What came; never nothing."""
        try:
            data = self.stream.read(deadline)
        except SmtpTimeout as error:
            raise self._late(error) from None
        if not data:
            raise self._ended()
        return data

    def _unasked(self, deadline: Deadline) -> SmtpError:
        """The error for input that no command asked for; a 421 among it is the server's farewell."""
        try:
            if self.stream.waiting():
                data = self.stream.read(deadline)
                if not data and not self._reader.pending:
                    return self._ended()
                self._reader.feed(data)
            farewell = self._reader.next_reply()
        except SmtpError as error:
            return error
        if farewell is None:
            return SmtpProtocolError(
                f"the server said something that nobody asked for: {self._pending_shown()}",
                cause="The session is out of step, or the server broke off in the middle of a line.",
                advice="connect() again",
            )
        words = visible(shortened(decoded(self._mask(farewell.raw.rstrip(b"\r\n"))), 200))
        if farewell.code == 421:
            return SmtpDisconnected(
                f"the server closed the connection with: {words}",
                cause="It waited too long for the next command, is shutting down, or has had enough errors.",
                advice="connect() again",
            )
        return SmtpProtocolError(
            f"a reply that no command asked for was waiting: {words}",
            cause="The session is out of step: the next reply would have been taken for another command's. Content "
            "that ended early (a lone dot), or commands in a raw send_data(), do that.",
            advice=("connect() again", "after send_data(), call receive_data() once for each command in it"),
        )

    def _pending_shown(self) -> str:
        return f"“{visible(shortened(decoded(self._mask(self._reader.pending)), 120))}”"

    def _late(self, error: SmtpTimeout) -> SmtpError:
        pending = self._reader.pending
        if not pending:
            return error
        return unfinished(pending) or SmtpTimeout(
            f"{error.message}: only part of a reply came, {self._pending_shown()}",
            cause="The server stalls, or its last line does not end in CR LF.",
            advice="connect() again",
        )

    def _ended(self) -> SmtpError:
        pending = self._reader.pending
        if not pending:
            return SmtpDisconnected(
                "the server closed the connection",
                cause="It did so without a word; a polite server says 421 first.",
                advice="connect() again",
            )
        return unfinished(pending) or SmtpDisconnected(
            f"the server closed the connection in the middle of a reply: {self._pending_shown()}",
            cause="A reply is complete when its last line has ended with CR LF; this one never was.",
            advice="connect() again, and take nothing of it for granted",
        )

    def _early(self, deadline: Deadline) -> RawReply:
        self.sent_at = monotonic()
        reply = self.receive(deadline)
        self.refused = True
        self.close()
        if reply.code >= 400:
            return reply
        words = shortened(decoded(self._mask(reply.raw.rstrip())), 120)
        raise SmtpProtocolError(
            f"the server answered before the content ended: {visible(words)}",
            cause="It saw an end of data that was not meant as one, or it is broken.",
            advice="connect() again, and look whether a part of the message was delivered",
        )

    def _parting_words(self, deadline: Deadline) -> RawReply:
        """What a server said before it hung up during an upload.

        Raises:
            SmtpDisconnected: nothing, or nothing that is a refusal.
        """
        self.sent_at = monotonic()
        try:
            reply = self.receive(deadline.capped(_PARTING))
        except SmtpTimeout:
            reply = None
        self.refused = True
        self.close()
        if reply and reply.code >= 400:
            return reply
        raise SmtpDisconnected(
            "the server hung up during the upload",
            cause="The message is too large for it, or it threw this client out; nothing was accepted.",
            advice="connect() again; look at capabilities.size",
        )
