"""Every limit smtpnb keeps, in one place. The README lists them with their numbers.

RFC 5321 §4.5.3.1 asks a client to take reply lines of 512 octets; real servers say more, hostile ones never stop.
"""

from typing import Final

#: Octets in one line of a reply, its CRLF included.
MAX_LINE: Final = 16 * 1024

#: Octets in one whole reply.
MAX_REPLY: Final = 1024 * 1024

#: Lines in one reply: an EXPN of a large company fits, an endless `250-` does not.
MAX_REPLY_LINES: Final = 65_536

#: Octets in one decoded SASL challenge (RFC 4954 §4 asks for 12,288 octets of base64 at least).
MAX_CHALLENGE: Final = 12 * 1024

#: Seconds that one call may be given at the most: a day. Nobody waits longer; infinity is a mistake.
MAX_TIMEOUT: Final = 86_400.0

#: Seconds that one call takes at the most by default: the whole of it, never one `recv`.
DEFAULT_TIMEOUT: Final = 30.0

#: Seconds for the QUIT that `with` says on leaving: politeness must not hang a notebook.
QUIT_TIMEOUT: Final = 5.0

#: Octets of content in one write: large enough for speed, small enough for constant memory.
PIECE: Final = 256 * 1024

#: Exchanges that a transcript keeps at each end, first and last; those between are counted.
TRANSCRIPT_ENDS: Final = 1_000

#: Octets of a message's content that a transcript keeps to show; the rest is counted.
CONTENT_KEPT: Final = 4 * 1024

#: Recipients whose addresses `conversation` keeps; the rest is counted.
RECIPIENTS_KEPT: Final = 100
