"""One client against a running farm, in a process of its own: prints a line of JSON with its figures.

    python farm_clients.py {smtpnb,smtplib,aiosmtplib} WORKERS TIMEOUT < ports.json

Each says the same to every host (greeting, EHLO, STARTTLS, EHLO, QUIT), checks no certificate, and hands back the same
fields, which the benchmark holds against `farm.expected`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import smtplib
import ssl
import sys
import threading
import time
from typing import Any


def unverifying() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def listed(reply: bytes | str) -> list[str]:
    text = reply.decode() if isinstance(reply, bytes) else reply
    return text.split("\n")[1:]


def empty() -> dict[str, Any]:
    return {"status": "up", "banner": None, "ehlo": None, "ehlo_tls": None, "tls": None}


# -- smtplib, with threads ---------------------------------------------------------------------------------------


def by_smtplib(port: int, timeout: float, context: ssl.SSLContext) -> dict[str, Any]:
    found = empty()
    client = smtplib.SMTP(timeout=timeout, local_hostname="[127.0.0.1]")
    client._host = "127.0.0.1"  # connect() does not set what starttls() asks for
    try:
        code, banner = client.connect("127.0.0.1", port)
        found["banner"] = banner.decode()
        if code != 220:
            found["status"] = "rejected"
            return found
        if client.ehlo()[0] != 250:
            client.helo()
            return found
        found["ehlo"] = listed(client.ehlo_resp)
        if client.has_extn("starttls"):
            found["tls"] = "failed"
            try:
                client.starttls(context=context)
            except smtplib.SMTPResponseException:
                found["tls"] = "refused"
                return found
            found["tls"] = client.sock.version()
            client.ehlo()
            found["ehlo_tls"] = listed(client.ehlo_resp)
    except ssl.SSLError:
        pass
    except ConnectionRefusedError:
        found["status"] = "refused"
    except TimeoutError:
        found["status"] = "timeout"
    except smtplib.SMTPServerDisconnected as error:
        found["status"] = "timeout" if "timed out" in str(error) else "closed"
    except OSError:
        found["status"] = "closed"
    finally:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            client.quit()
        client.close()
    return found


def run_smtplib(ports: list[int], workers: int, timeout: float) -> list[dict[str, Any]]:
    from concurrent.futures import ThreadPoolExecutor

    context = unverifying()
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda port: by_smtplib(port, timeout, context), ports))


# -- aiosmtplib --------------------------------------------------------------------------------------------------


async def by_aiosmtplib(port: int, timeout: float, context: ssl.SSLContext) -> dict[str, Any]:  # noqa: ASYNC109 - its own
    import aiosmtplib

    found = empty()
    client = aiosmtplib.SMTP(
        hostname="127.0.0.1",
        port=port,
        timeout=timeout,
        start_tls=False,
        local_hostname="[127.0.0.1]",
        tls_context=context,
    )
    try:
        greeting = await client.connect()
        found["banner"] = greeting.message
        try:
            await client.ehlo()
        except aiosmtplib.SMTPHeloError:
            await client.helo()
            return found
        found["ehlo"] = listed(client.last_ehlo_response.message)
        if client.supports_extension("starttls"):
            found["tls"] = "failed"
            try:
                await client.starttls(tls_context=context)
            except aiosmtplib.SMTPResponseException:
                found["tls"] = "refused"
                return found
            found["tls"] = client.transport.get_extra_info("ssl_object").version()
            await client.ehlo()
            found["ehlo_tls"] = listed(client.last_ehlo_response.message)
    except aiosmtplib.SMTPConnectResponseError as error:
        found["status"], found["banner"] = "rejected", error.message
    except (aiosmtplib.SMTPTimeoutError, TimeoutError):
        found["status"] = "timeout"
    except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected) as error:
        if found["tls"] != "failed":
            found["status"] = (
                "refused" if "refused" in str(error).lower() or "Connect call failed" in str(error) else "closed"
            )
    except (aiosmtplib.SMTPException, OSError, ValueError):
        pass
    finally:
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await client.quit()
        client.close()
    return found


async def run_aiosmtplib(ports: list[int], workers: int, timeout: float) -> list[dict[str, Any]]:  # noqa: ASYNC109
    context = unverifying()
    gate = asyncio.Semaphore(workers)

    async def one(port: int) -> dict[str, Any]:
        async with gate:
            return await by_aiosmtplib(port, timeout, context)

    return list(await asyncio.gather(*map(one, ports)))


# -- smtpnb ------------------------------------------------------------------------------------------------------


def run_smtpnb(ports: list[int], workers: int, timeout: float) -> Any:
    from smtpnb.explore.surveying import survey

    return survey([("127.0.0.1", port) for port in ports], timeout=timeout, max_workers=workers, progress=False)


def fields_of(survey: Any) -> list[dict[str, Any]]:
    from smtpnb.explore.report import ProbeReport

    reports = (ProbeReport.from_facts(packed.facts) for packed in survey.results)
    return [
        {
            "status": report.status,
            "banner": report.banner[0] if report.banner else None,
            "ehlo": None if report.ehlo is None else list(report.ehlo.lines),
            "ehlo_tls": None if report.ehlo_tls is None else list(report.ehlo_tls.lines),
            "tls": report.tls,
        }
        for report in reports
    ]


def peak() -> float:
    """MiB of memory at the most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    name, workers, timeout = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    ports = json.loads(sys.stdin.read())
    started, used = time.perf_counter(), time.process_time()
    if name == "smtpnb":
        survey = run_smtpnb(ports, workers, timeout)
    elif name == "smtplib":
        found = run_smtplib(ports, workers, timeout)
    else:
        found = asyncio.run(run_aiosmtplib(ports, workers, timeout))
    figures = {
        "wall": time.perf_counter() - started,
        "cpu": time.process_time() - used,
        "peak": peak(),
        "threads": threading.active_count(),
    }
    if name == "smtpnb":
        found = fields_of(survey)
    sys.stdout.write(json.dumps({**figures, "found": found}) + "\n")


if __name__ == "__main__":
    main()
