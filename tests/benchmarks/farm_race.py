"""smtpnb's survey, smtplib with threads and aiosmtplib side by side on one farm, one after the other.

    python tests/benchmarks/farm_race.py [HOSTS] [WORKERS] [--rounds 1] [--timeout 5]

The farm runs in a process of its own and each client in another. A round takes them in turn, so that a busy moment of
the machine hits them alike. For each: seconds on the wall, of CPU, hosts a second, peak memory, and how many hosts it
got right in every field.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from farm import RunningFarm, expected

CLIENTS = ("smtplib", "aiosmtplib", "smtpnb")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("hosts", type=int, nargs="?", default=1000)
    parser.add_argument("workers", type=int, nargs="?", default=64)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=5.0)
    parser.add_argument("--clients", nargs="*", default=CLIENTS)
    arguments = parser.parse_args()
    wanted = [expected(number) for number in range(arguments.hosts)]
    print("| client | workers | wall s | CPU s | hosts/s | peak MiB | right |\n|---|---|---|---|---|---|---|")
    for _ in range(arguments.rounds):
        for client in arguments.clients:
            race(client, arguments, wanted)


def race(client: str, arguments: argparse.Namespace, wanted: list[dict[str, object]]) -> None:
    with RunningFarm(arguments.hosts) as farm:
        command = [
            sys.executable,
            str(Path(__file__).parent / "farm_clients.py"),
            client,
            str(arguments.workers),
            str(arguments.timeout),
        ]
        done = subprocess.run(
            command, input=json.dumps(farm.ports), stdout=subprocess.PIPE, text=True, check=True, timeout=600
        )
    figures = json.loads(done.stdout)
    right = sum(found == want for found, want in zip(figures["found"], wanted, strict=True))
    print(
        f"| {client} | {arguments.workers} | {figures['wall']:.2f} | {figures['cpu']:.2f} | "
        f"{arguments.hosts / figures['wall']:.0f} | {figures['peak']:.1f} | {right} |",
        flush=True,
    )
    wrong = [each for each in zip(range(arguments.hosts), figures["found"], wanted, strict=True) if each[1] != each[2]]
    for number, found, want in wrong[:3] if client == "smtpnb" else ():
        print(f"  host {number}: found {found}, not {want}", file=sys.stderr)
    heard = [
        log for log in farm.heard if log["connections"] > 1 or set(log["verbs"]) - {"EHLO", "HELO", "STARTTLS", "QUIT"}
    ]
    if heard:
        print(f"  {client}: {len(heard)} hosts heard more than they should: {heard[:3]}", file=sys.stderr)


if __name__ == "__main__":
    main()
