"""The sandbox: an SMTP server inside the notebook, to talk to and to break things on.

`Sandbox` is the server, `StrippingProxy` a man in the middle to put before it or before any other. `Session` is
the engine of the first, octets in and steps out. The rest are behaviours for `Sandbox(behaviours=[...])`, and the
steps of a script.
"""

from smtpnb.sandbox.answer import Answer, answer
from smtpnb.sandbox.behaviour import Behaviour, Moment, PointBehaviour
from smtpnb.sandbox.clock import Clock
from smtpnb.sandbox.configuration import Configuration
from smtpnb.sandbox.fault import (
    Delays,
    Drips,
    Fails,
    Flickers,
    GreetsAs,
    HangsUp,
    KeepsPlaintext,
    MixesCodes,
    Rambles,
    Sends,
    Stalls,
    StripsStartTls,
    TalksBehindStartTls,
    Taunts,
)
from smtpnb.sandbox.mailbox import CapturedMessage, Mailbox
from smtpnb.sandbox.offer import EXTENSIONS
from smtpnb.sandbox.policy import Greylists, MailboxFull, RefusesMechanism, Relays, RequiresAuth, RequiresTls
from smtpnb.sandbox.proxy import StrippingProxy
from smtpnb.sandbox.record import SessionRecord
from smtpnb.sandbox.server import Sandbox
from smtpnb.sandbox.session import Session
from smtpnb.sandbox.steps import Close, Octets, Pause, Stall, StartTls
from smtpnb.sandbox.stripper import Change

__all__ = [
    "EXTENSIONS",
    "Answer",
    "Behaviour",
    "CapturedMessage",
    "Change",
    "Clock",
    "Close",
    "Configuration",
    "Delays",
    "Drips",
    "Fails",
    "Flickers",
    "GreetsAs",
    "Greylists",
    "HangsUp",
    "KeepsPlaintext",
    "Mailbox",
    "MailboxFull",
    "MixesCodes",
    "Moment",
    "Octets",
    "Pause",
    "PointBehaviour",
    "Rambles",
    "RefusesMechanism",
    "Relays",
    "RequiresAuth",
    "RequiresTls",
    "Sandbox",
    "Sends",
    "Session",
    "SessionRecord",
    "Stall",
    "Stalls",
    "StartTls",
    "StrippingProxy",
    "StripsStartTls",
    "TalksBehindStartTls",
    "Taunts",
    "answer",
]
