"""Many probes: `survey`. By default they take turns in one thread (`Turns`); any `concurrent.futures.Executor` will do.

Another thread, the caller's, decides who is next, so that the manners hold whatever the executor is, and writes to the
store. Tasks are `probing.look_up` and `probing.measure`: module-level functions of plain arguments with plain results,
their errors values, each with a nonce, since some executors (dask's) take equal calls for one. Of an executor nothing
is asked but `submit`: some know neither `_max_workers` nor `cancel_futures`, and it is the caller's to shut down.
"""

import contextlib
import random
import secrets
import sys
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from smtpnb.explore import manners
from smtpnb.explore.addresses import MOST
from smtpnb.explore.alike import combined
from smtpnb.explore.authorities import authorities_in
from smtpnb.explore.probing import look_up, measure, unresolved
from smtpnb.explore.results import Failure, Packed, Survey
from smtpnb.explore.targets import Problem, Target, is_sandbox, targets_of
from smtpnb.transport.deadline import monotonic
from smtpnb.transport.endpoint import Endpoint

if TYPE_CHECKING:
    from smtpnb.explore.store import Store

#: Seconds that one wait for a result is at the most, so that an interrupt is served soon.
_SLICE: Final = 0.2

#: Look-ups at once, where the executor is ours: at some 50 ms each they are far ahead of the probes.
_LOOKUPS: Final = 64

#: Open files that a survey needs beside its connections: look-ups, the store, what the program has open already.
_OTHER_FILES: Final = _LOOKUPS + 32

#: Seconds to let results gather while the workers' hands are full: taking each by itself stops a worker each time.
_PAUSE: Final = 0.02


def survey(
    targets: Any,
    *,
    port: int = 25,
    timeout: float = 10.0,
    host_timeout: float | None = None,
    ehlo_name: str | None = None,
    implicit_tls: bool | None = None,
    ca_file: str | None = None,
    max_workers: int = 64,
    executor: Executor | None = None,
    store: str | Path | None = None,
    progress: bool = True,
    confirm: bool = False,
    seed: int = 0,
    every_address: bool = False,
) -> Survey:
    """What probing each target found: one polite connection each.

    Interrupted (Ctrl-C), it returns what is done. With a store it goes on where it was, also after a kill.

    Args:
        targets: a file's name (text or CSV, one a line), a list of "host", "host:port", (host, port) or `Sandbox`, a
            mapping of labels to these, which are shown in place of host and port, or a DataFrame.
        port: for targets that name none.
        timeout: seconds for each reply.
        host_timeout: seconds for each host; six replies' worth by default.
        ehlo_name: what EHLO says; by default this end's address in brackets.
        implicit_tls: whether TLS comes first; by default on port 465.
        ca_file: authorities to trust in place of the system's, in PEM; by default their own where all are sandboxes.
        max_workers: connections at once, in all.
        executor: where the probes and look-ups of names run, such as a `ThreadPoolExecutor` or dask's; by default one
            thread in which the connections take turns. It is not shut down.
        store: an SQLite file to keep results in, and to go on from.
        progress: show a progress bar, with tqdm.
        confirm: go ahead with more than a hundred public targets.
        seed: of the order in which they are asked.
        every_address: ask each address of a name, one after the other, in place of the first alone; as `probe` does.
            What a store holds already is taken as it is.

    Raises:
        ValueError: too many public targets without `confirm`, an EHLO name that is the target's, a file that is no
            store, more connections at once than the system allows open files.
        SmtpConnectError: on Binder, for any target but the sandbox.
    """
    wanted, problems = targets_of(targets, port)
    hosts = [target.host for target in wanted]
    authorities = _authorities(targets, wanted) if ca_file is None else authorities_in(ca_file)
    _check(timeout, host_timeout, max_workers)
    manners.check_place(hosts)
    manners.check_ehlo_name(ehlo_name, hosts)
    words = manners.plan(wanted, ehlo_name=ehlo_name, max_workers=max_workers)
    if manners.check_confirmed(wanted, words, confirm=confirm):
        sys.stdout.write(f"{words}\n")
    options = {"timeout": timeout, "host_timeout": host_timeout, "ehlo_name": ehlo_name, "implicit_tls": implicit_tls}
    call = {**options, "authorities": authorities, "max_workers": max_workers, "executor": executor, "store": store,
            "progress": progress, "confirm": confirm, "seed": seed, "every_address": every_address}  # fmt: skip
    with _opened(store) as kept:
        certificates: dict[bytes, bytes] = {}
        results = _known(wanted, kept, certificates)
        return _surveyed(wanted, results, problems, options, call, kept)


def _authorities(source: Any, targets: Sequence[Target]) -> str | None:
    """The sandboxes' own, where there is nothing else among the targets; None, for the system's, elsewhere."""
    items = source.values() if isinstance(source, Mapping) else source if isinstance(source, list | tuple) else ()
    sandboxes = {(item.host, item.port): item for item in items if is_sandbox(item)}
    if not targets or any((target.host, target.port) not in sandboxes for target in targets):
        return None
    return "".join(sorted({Path(sandbox.ca_file).read_text("ascii") for sandbox in sandboxes.values()}))


def _known(targets: Sequence[Target], store: "Store | None", certificates: dict[bytes, bytes]) -> list[Packed | None]:
    """What the store has, at the targets' positions; they may be called otherwise by now."""
    labels = {target.key: target.label for target in targets}
    kept = () if store is None else store.known()
    known = {key: Packed.of({**facts, "label": labels.get(key, "")}, certificates) for key, facts in kept}
    return [known.get(target.key) for target in targets]


def _check(timeout: float, host_timeout: float | None, max_workers: int) -> None:
    if not timeout > 0 or (host_timeout is not None and not host_timeout > 0):
        raise ValueError("timeout and host_timeout are seconds, more than 0")
    if not isinstance(max_workers, int) or max_workers < 1:
        raise ValueError(f"max_workers is 1 or more, not {max_workers!r}")


def _check_files(connections: int) -> None:
    """The system must allow so many connections: a host not asked for lack of one would be taken for one that refuses.

    Raises:
        ValueError: it does not.
    """
    try:
        import resource  # noqa: PLC0415 - not on Windows, which has no such limit
    except ImportError:
        return
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != resource.RLIM_INFINITY and connections + _OTHER_FILES > allowed:
        raise ValueError(
            f"{connections:,} connections at once need more open files than this system allows a program, {allowed:,}: "
            f"say max_workers={max(1, allowed - _OTHER_FILES)}, or allow more (ulimit -n {connections + _OTHER_FILES} "
            "in the shell before)"
        )


@contextlib.contextmanager
def _opened(store: str | Path | None) -> Any:
    if store is None:
        yield None
    else:
        from smtpnb.explore.store import Store  # noqa: PLC0415 - brings in SQLite

        with Store(store) as kept:
            yield kept


def _surveyed(  # noqa: PLR0917 - each is one thing
    targets: tuple[Target, ...],
    results: list[Packed | None],
    problems: tuple[Problem, ...],
    options: Mapping[str, Any],
    call: Mapping[str, Any],
    store: "Store | None",
    before: Sequence[Packed] = (),
) -> Survey:
    """The survey of those targets that have no result yet."""
    started = monotonic()
    workers = int(call["max_workers"])
    todo = sum(result is None for result in results)
    # Of our own workers none should wait for the thread that decides: a few tasks stand in their queue. Another
    # executor may have more workers than that, and would begin all of them.
    most = workers + (workers // 4 + 1 if call["executor"] is None else 0)
    with _executors(call["executor"], min(workers, max(1, todo))) as (probes, lookups):
        run = _Run(targets, results, options, store, probes, lookups, most)
        run.recent, run.every_address = dict(_recent(before)), bool(call["every_address"])
        with _bar(len(targets), len(targets) - todo, progress=call["progress"]) as bar:
            run.all(bar, int(call["seed"]))
    return Survey(
        targets, tuple(results), problems, tuple(run.failures), run.interrupted, monotonic() - started,
        {**call, "executor": None, "again": _again},
    )  # fmt: skip


@contextlib.contextmanager
def _executors(given: Executor | None, workers: int) -> Iterator[tuple[Executor, Executor]]:
    """Where probes and look-ups run. Our own end at once with the survey, what an interrupt left under way as well.

    A probe's waits are all for a socket, so one thread makes them all; a look-up is the system's, and takes a thread.
    """
    if given is not None:
        yield given, given
        return
    from smtpnb.explore.turns import Turns  # noqa: PLC0415 - another executor needs no greenlets

    _check_files(workers)
    probes, lookups = Turns(workers), ThreadPoolExecutor(min(workers, _LOOKUPS), "smtpnb-lookup")
    try:
        yield probes, lookups
    finally:
        lookups.shutdown(wait=False, cancel_futures=True)  # the system's resolver cannot be stopped
        probes.shutdown(cancel_futures=True)


def _again(survey: Survey, statuses: frozenset[str], changes: Mapping[str, Any]) -> Survey:
    """The survey with some targets asked again; see `Survey.rerun`."""
    call = {**{name: value for name, value in survey.options.items() if name != "again"}, **changes}
    unknown = set(call) - set(survey.options)
    if unknown:
        raise TypeError(f"survey() has no option {', '.join(sorted(unknown))}")
    names = ("timeout", "host_timeout", "ehlo_name", "implicit_tls")
    manners.check_ehlo_name(call["ehlo_name"], [target.host for target in survey.targets])
    manners.check_place([target.host for target in survey.targets])
    before = [packed for packed in survey.results if packed and packed.status in statuses]
    results = [None if packed and packed.status in statuses else packed for packed in survey.results]
    again = [target for target, result in zip(survey.targets, results, strict=True) if result is None]
    manners.check_confirmed(
        again,
        manners.plan(again, ehlo_name=call["ehlo_name"], max_workers=call["max_workers"]),
        confirm=call["confirm"],
    )
    with _opened(call["store"]) as kept:
        done = _surveyed(
            survey.targets, results, survey.problems, {name: call[name] for name in names}, call, kept, before
        )
    # Interrupted before it was asked again: what was known of it still is.
    filled = tuple(new or old for new, old in zip(done.results, survey.results, strict=True))
    return replace(done, results=filled)


def _recent(before: Sequence[Packed]) -> Iterator[tuple[Hashable, float]]:
    """Addresses asked less than a second ago, and when they may be asked again."""
    for facts in (each for packed in before for each in _addresses_in(packed.facts)):
        left = facts["at"] + manners.INTERVAL - time.time()
        if facts["address"] and left > 0:
            yield manners.address_key(*facts["address"]), monotonic() + left


def _addresses_in(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [facts, *(facts["others"] or ())]


class _Probe(NamedTuple):
    """A probe under way, for the target at a position and all that share its (ip, port)."""

    position: int
    key: Hashable
    place: tuple[str, int]
    submitted: float


class _Run:
    """One survey under way."""

    def __init__(  # noqa: PLR0917 - each is one thing
        self,
        targets: Sequence[Target],
        results: list[Packed | None],
        options: Mapping[str, Any],
        store: "Store | None",
        probes: Executor,
        lookups: Executor,
        most: int,
    ) -> None:
        self.targets, self.results, self.store = targets, results, store
        self.options = dict(options)
        self.executors = {measure: probes, look_up: lookups}
        self.most = most  # tasks in their hands at the most
        self.pace = manners.Pace()
        self.done: SimpleQueue[tuple[_Probe | int, Future[dict[str, Any]]]] = SimpleQueue()
        self.under_way = 0
        self.failures: list[Failure] = []
        self.interrupted = False
        self.sharing: dict[tuple[str, int], list[int]] = {}  # (ip, port) → positions whose names share it
        self.shared: dict[tuple[str, int], Packed] = {}  # what they found
        self.every_address = False
        self.left: dict[int, list[str]] = {}  # position → addresses still to ask, where every address is asked
        self.asked: dict[int, list[Mapping[str, Any]]] = {}  # position → what those asked said
        self.certificates = {der: der for packed in results if packed for der in packed.chain}
        self.counts: dict[str, int] = {}
        self.recent: dict[Hashable, float] = {}  # address → when it may be asked again
        self.nonce = secrets.token_hex(8)

    def all(self, bar: Any, seed: int) -> None:
        """Asks everyone who has not been asked yet."""
        order = [position for position, result in enumerate(self.results) if result is None]
        random.Random(seed).shuffle(order)  # noqa: S311 - spreads the load; no secret
        waiting = deque(order)
        futures: set[Future[dict[str, Any]]] = set()
        try:
            while waiting or self.pace or self.under_way:
                self.submit_all_that_may(waiting, futures)
                self.collect(bar, futures)
        except KeyboardInterrupt:
            self.interrupted = True
            for future in list(futures):
                future.cancel()
            self.keep_what_is_done(bar, futures)

    def submit_all_that_may(self, waiting: deque[int], futures: set[Future[dict[str, Any]]]) -> None:
        while self.under_way < self.most:
            job = self.pace.take(monotonic())
            if job is not None:
                self.submit_probe(*job, futures)
            elif waiting:
                self.begin(waiting.popleft(), futures)
            else:
                return

    def begin(self, position: int, futures: set[Future[dict[str, Any]]]) -> None:
        """An address can be asked at once; a name is looked up first, as two names may be one address."""
        target = self.targets[position]
        endpoint = Endpoint.of(target.host, target.port)
        if endpoint.literal:
            self.found(position, endpoint.name, 0.0)
            return
        self.submit(futures, position, look_up, target.host, target.port, float(self.options["timeout"]))

    def found(self, position: int, ip: str, seconds: float) -> None:
        """The target is at this address: asked in its turn, or together with others there."""
        port = self.targets[position].port
        place = (ip, port)
        if place in self.shared:
            self.take_facts(position, self.shared[place].facts)
        elif place in self.sharing:
            self.sharing[place].append(position)
        else:
            self.sharing[place] = [position]
            key = manners.address_key(ip, port)
            if key in self.recent:
                self.pace.not_before(key, self.recent.pop(key))
            self.pace.add(key, (position, ip, seconds))

    def submit_probe(self, key: Hashable, job: tuple[int, str, float], futures: set[Future[dict[str, Any]]]) -> None:
        position, ip, seconds = job
        target = self.targets[position]
        options = {**self.options, "ip": ip, "looked_up_in": seconds}
        probe = _Probe(position, key, (ip, target.port), monotonic())
        self.submit(futures, probe, measure, target.host, target.port, options)

    def submit(self, futures: set[Future[dict[str, Any]]], what: _Probe | int, task: Any, *arguments: Any) -> None:
        position = what if isinstance(what, int) else what.position
        submitted: Callable[..., Future[dict[str, Any]]] = self.executors[task].submit
        try:
            future = submitted(task, *arguments, f"{self.nonce}-{position}-{task.__name__}")
        except Exception as error:  # noqa: BLE001 - the executor may be anybody's, and has perhaps been shut down
            future = Future()
            future.set_exception(error)
        self.under_way += 1
        futures.add(future)
        future.add_done_callback(lambda finished: self.done.put((what, finished)))

    # -- results ---------------------------------------------------------------------------------------------

    def collect(self, bar: Any, futures: set[Future[dict[str, Any]]]) -> None:
        """Takes the next result, and whatever else is there already."""
        soon = self.pace.wait(monotonic()) if self.under_way < self.most else None
        if not self.under_way and soon:
            time.sleep(min(soon, _SLICE))
            return
        if self.under_way >= self.most and self.store is None:  # what a store has not got yet, a kill would lose
            time.sleep(_PAUSE)
        try:
            item = self.done.get(timeout=_SLICE if soon is None else min(soon, _SLICE) + 0.001)
        except Empty:
            return
        while True:
            self.take(*item, bar, futures)
            try:
                item = self.done.get_nowait()
            except Empty:
                return

    def keep_what_is_done(self, bar: Any, futures: set[Future[dict[str, Any]]]) -> None:
        with contextlib.suppress(Empty):
            while True:
                self.take(*self.done.get_nowait(), bar, futures)

    def take(
        self, what: _Probe | int, future: Future[dict[str, Any]], bar: Any, futures: set[Future[dict[str, Any]]]
    ) -> None:
        self.under_way -= 1
        futures.discard(future)
        error = None if future.cancelled() else future.exception()
        answer = None if future.cancelled() or error else future.result()
        if isinstance(what, _Probe):
            self.pace.done(what.key, _began(what, answer))
        if error is not None:
            self.broke(what, error)
        elif answer is not None and isinstance(what, _Probe):
            self.measured(what, answer)
        elif answer is not None and isinstance(what, int):
            self.looked_up(what, answer)
        bar(sum(self.counts.values()), self.counts)

    def broke(self, what: _Probe | int, error: BaseException) -> None:
        positions = self.sharing.pop(what.place, [what.position]) if isinstance(what, _Probe) else [what]
        for position in positions:
            self.left.pop(position, None)
            self.asked.pop(position, None)
        words = f"{type(error).__name__}: {error}"
        self.failures += [Failure(self.targets[position], words) for position in positions]

    def looked_up(self, position: int, answer: Mapping[str, Any]) -> None:
        target = self.targets[position]
        if answer["ips"]:
            if self.every_address:
                self.left[position], self.asked[position] = answer["ips"][1:MOST], []
            self.found(position, answer["ips"][0], float(answer["seconds"]))
            return
        wish = self.options["implicit_tls"]
        implicit = target.port == 465 if wish is None else bool(wish)
        facts = unresolved(target.host, target.port, answer["reason"], float(answer["seconds"]), implicit_tls=implicit)
        self.take_facts(position, facts)

    def measured(self, probe: _Probe, facts: dict[str, Any]) -> None:
        for position in self.sharing.pop(probe.place, [probe.position]):
            self.take_facts(position, facts)
        if Endpoint.of(facts["host"], facts["port"]).name != probe.place[0]:  # another name may lead here yet
            whole = None if self.every_address else self.results[probe.position]
            self.shared[probe.place] = whole or Packed.of(facts, self.certificates)

    def take_facts(self, position: int, facts: Mapping[str, Any]) -> None:
        """Keeps what was measured for the target at a position; `asked_as` tells for whom the connection was made."""
        target = self.targets[position]
        own = {**facts, "host": target.host, "label": target.label}
        if position in self.asked:
            self.asked[position].append(own)
            if self.left[position] and own["status"] != "rate_limited":  # that one is left alone altogether
                self.found(position, self.left[position].pop(0), 0.0)
                return
            del self.left[position]
            own = combined(self.asked.pop(position))
        self.results[position] = Packed.of(own, self.certificates)
        if self.store is not None:
            self.store.add(target.key, own)
        self.counts[own["status"]] = self.counts.get(own["status"], 0) + 1


def _began(probe: _Probe, facts: Mapping[str, Any] | None) -> float:
    """When the connection began: later than it was submitted, where the task waited in a queue."""
    if facts is None:
        return max(probe.submitted, monotonic())
    took = sum(seconds for phase, seconds in facts["phases"].items() if phase != "resolve")
    return float(max(probe.submitted, monotonic() - took))


def _unseen(done: int, counts: Mapping[str, int]) -> None:
    """Where no bar is shown."""


@contextlib.contextmanager
def _bar(total: int, known: int, *, progress: bool) -> Any:
    """A function that shows how far the survey is: tqdm's bar with counts by status; nothing without tqdm."""
    if not progress:
        yield _unseen
        return
    try:
        from tqdm.auto import tqdm  # noqa: PLC0415 - only who wants a bar loads it
    except ImportError:
        yield _unseen
        return

    with tqdm(total=total, initial=known, unit="host", desc="survey") as bar:

        def shown(done: int, counts: Mapping[str, int]) -> None:
            bar.set_postfix(counts, refresh=False)
            bar.update(known + done - bar.n)

        yield shown
