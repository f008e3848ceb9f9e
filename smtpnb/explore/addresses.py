"""A server with several addresses: each asked in its turn, and held against the others (R16)."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from smtpnb.explore import manners
from smtpnb.explore.alike import combined
from smtpnb.explore.probing import look_up, measure, unresolved
from smtpnb.transport.deadline import monotonic
from smtpnb.transport.endpoint import Endpoint

#: Addresses of one server that are asked at the most.
MOST: Final = 10


def in_turn(pace: manners.Pace, ip: str, port: int, visit: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The result of a visit that keeps to the manners: a second between two connections to one address."""
    pace.add(manners.address_key(ip, port), visit)
    while (job := pace.take(monotonic())) is None:
        time.sleep(pace.wait(monotonic()) or 0.01)
    began = monotonic()
    try:
        return visit()
    finally:
        pace.done(job[0], began)


def each_asked(
    pace: manners.Pace, ips: Sequence[str], host: str, port: int, options: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The facts of each address, in order; no more are asked once one asks for fewer connections."""
    asked: list[dict[str, Any]] = []
    for ip in ips[:MOST]:
        asked.append(in_turn(pace, ip, port, partial(measure, host, port, {**options, "ip": ip})))
        if asked[-1]["status"] == "rate_limited":
            break
    return asked


def measured_at_each(host: str, port: int, options: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a host, every address of its name asked, one after the other."""
    if Endpoint.of(host, port).literal:
        return measure(host, port, dict(options))
    found = look_up(host, port, float(options["timeout"]))
    if not found["ips"]:
        wish = options.get("implicit_tls")
        implicit = port == 465 if wish is None else bool(wish)
        return unresolved(host, port, found["reason"], found["seconds"], implicit_tls=implicit)
    options = {**options, "looked_up_in": found["seconds"]}
    return combined(each_asked(manners.Pace(), found["ips"], host, port, options))
