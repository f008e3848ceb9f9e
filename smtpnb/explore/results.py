"""What a survey brought back: `Survey`, a frozen value. Facts are kept packed; reports are made when looked at."""

import base64
import csv
import io
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

from smtpnb.displayable import Displayable
from smtpnb.explore.report import STATUSES, ProbeReport
from smtpnb.explore.targets import Problem, Target
from smtpnb.text import plural, visible

if TYPE_CHECKING:
    import pandas as pd

    from smtpnb.explore.tally import Tally

#: What a spreadsheet would take for a formula at the start of a cell (OWASP, CSV injection).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - full-width ones too

#: Statuses worth asking again. Not "rate_limited": that host asked to be left alone.
RETRIED: Final = ("timeout", "refused", "closed", "unresolved", "protocol_error", "rejected")


class Packed(NamedTuple):
    """One host's facts, packed: thousands of them stay in memory.

    Attributes:
        status: the host's status.
        tls: its TLS version and the like, or None.
        octets: the facts but for the chain.
        chain: the certificates, which many hosts may share.
        others: the same for the other addresses of the name, where every address was asked.
    """

    status: str
    tls: str | None
    octets: bytes
    chain: tuple[bytes, ...] = ()
    others: "tuple[Packed, ...] | None" = None

    @classmethod
    def of(cls, facts: Mapping[str, Any], certificates: dict[bytes, bytes] | None = None) -> "Packed":
        """The facts, packed.

        Args:
            facts: what a worker gave.
            certificates: those seen so far: one that is among them is kept once; new ones are added.
        """
        kept = {} if certificates is None else certificates
        chain = tuple(kept.setdefault(der, der) for der in map(base64.b64decode, facts["chain"]))
        others = facts.get("others")
        rest = json.dumps({**facts, "chain": [], "others": None}).encode("ascii")
        packed = None if others is None else tuple(cls.of(each, kept) for each in others)
        return cls(facts["status"], facts["tls"], zlib.compress(rest, 1), chain, packed)

    @property
    def facts(self) -> dict[str, Any]:
        """The facts, as the worker gave them."""
        unpacked: dict[str, Any] = json.loads(zlib.decompress(self.octets))
        unpacked["chain"] = [base64.b64encode(der).decode("ascii") for der in self.chain]
        unpacked["others"] = None if self.others is None else [packed.facts for packed in self.others]
        return unpacked


class Failure(NamedTuple):
    """A target whose task broke: a lost worker, a fault of ours. It was perhaps never asked.

    Attributes:
        target: which.
        error: what broke.
    """

    target: Target
    error: str


class Reports(Sequence[ProbeReport]):
    """The reports of a survey, in the order of its targets; each is made when it is looked at."""

    __slots__ = ("_authorities", "_packed")

    def __init__(self, packed: Sequence[Packed], authorities: str | None) -> None:
        self._packed = packed
        self._authorities = authorities

    def __len__(self) -> int:
        return len(self._packed)

    @overload
    def __getitem__(self, index: int) -> ProbeReport: ...
    @overload
    def __getitem__(self, index: slice) -> "Reports": ...
    def __getitem__(self, index: int | slice) -> "ProbeReport | Reports":
        from smtpnb.explore.rules import judged  # noqa: PLC0415 - a worker needs no rules

        if isinstance(index, slice):
            return Reports(self._packed[index], self._authorities)
        return judged(ProbeReport.from_facts(self._packed[index].facts), authorities=self._authorities)

    def __repr__(self) -> str:
        return f"<{plural(len(self), 'report')}>"


@dataclass(frozen=True)
class Survey(Displayable):
    """What many probes found.

    Attributes:
        targets: whom to ask, each once, in the order they were given.
        results: what was measured, at the same positions; None where nothing was yet.
        problems: lines that were no targets.
        errors: targets whose task broke.
        interrupted: whether it was stopped before its end.
        seconds: how long it took.
        options: what it was called with, for `rerun`.
    """

    targets: tuple[Target, ...]
    results: tuple[Packed | None, ...]
    problems: tuple[Problem, ...] = ()
    errors: tuple[Failure, ...] = ()
    interrupted: bool = False
    seconds: float = field(default=0.0, compare=False)
    options: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    # -- looking ---------------------------------------------------------------------------------------------

    @property
    def reports(self) -> Reports:
        """The reports of all that were asked, in the order of the targets."""
        return Reports([packed for packed in self.results if packed], self.options.get("authorities"))

    @property
    def pending(self) -> tuple[Target, ...]:
        """Targets that were not asked yet."""
        return tuple(target for target, packed in zip(self.targets, self.results, strict=True) if packed is None)

    @property
    def counts(self) -> dict[str, int]:
        """Status → how many hosts have it, "pending" last."""
        found = Counter(packed.status for packed in self.results if packed)
        counts = {status: found[status] for status in STATUSES if found[status]}
        return counts | ({"pending": len(self.pending)} if self.pending else {})

    def __len__(self) -> int:
        return len(self.targets)

    def __iter__(self) -> Iterator[ProbeReport]:
        return iter(self.reports)

    def __repr__(self) -> str:
        return f"<Survey of {plural(len(self.targets), 'server')}: {self.summary}>"

    @property
    def summary(self) -> str:
        """`812 up, 30 timeout`: counts by status, and what went wrong."""
        said = [f"{count:,} {status}" for status, count in self.counts.items()]
        said += [f"{plural(len(self.problems), 'line')} left out"] if self.problems else []
        said += [f"{plural(len(self.errors), 'task')} broken"] if self.errors else []
        return (", ".join(said) or "nobody to ask") + ("; interrupted" if self.interrupted else "")

    def to_text(self) -> str:
        """The survey for a terminal: counts, lines left out, a line for each host."""
        lines = [f"{plural(len(self.targets), 'server')}: {self.summary}"]
        lines += [f"line {each.line}: {each.text}: {each.why}" for each in self.problems]
        lines += [f"{visible(each.target.shown)}: {visible(each.error)}" for each in self.errors]
        lines += [f"{report.status:<15}{report.tls or '-':<9}{report.shown}" for report in self.reports]
        return "\n".join(lines)

    @property
    def tally(self) -> "Tally":
        """What the hosts have in common: TLS versions, keywords, times."""
        from smtpnb.explore.tally import tally  # noqa: PLC0415 - only who looks counts

        return tally([packed for packed in self.results if packed])

    # -- asking again ----------------------------------------------------------------------------------------

    def rerun(self, statuses: Sequence[str] = RETRIED, **changes: Any) -> "Survey":
        """The survey with those asked again that have one of `statuses`, and those asked that were not yet.

        Args:
            statuses: which; by default all but "up" and "rate_limited".
            changes: options of `survey` to change, such as timeout=30.
        """
        again: Callable[..., Survey] = self.options["again"]
        return again(self, frozenset(statuses), changes)

    # -- tables and files ------------------------------------------------------------------------------------

    @property
    def records(self) -> list[dict[str, Any]]:
        """One flat dict for each host asked, in the order of the targets: text, numbers, None."""
        return [report.record() for report in self.reports]

    @property
    def df(self) -> "pd.DataFrame":
        """The records as a DataFrame.

        Raises:
            ImportError: pandas is not installed.
        """
        try:
            import pandas as pd  # noqa: PLC0415 - only here, and only in an extra
        except ImportError:
            raise ImportError("a DataFrame needs pandas: pip install 'smtpnb[survey]'; .records does not") from None
        return pd.DataFrame(self.records)

    def to_parquet(self, path: str | Path) -> None:
        """Writes the DataFrame to a Parquet file (needs pandas and pyarrow)."""
        self.df.to_parquet(path)

    def to_csv(self, path: str | Path | None = None) -> str | None:
        """The records as CSV, into a file where one is named. No cell begins like a spreadsheet's formula."""
        rows = self.records
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(rows[0] if rows else ())
        writer.writerows([_cell(value) for value in row.values()] for row in rows)
        return _written(text.getvalue(), path)

    def to_jsonl(self, path: str | Path | None = None) -> str | None:
        """A report a line, as `ProbeReport.to_json` writes it, into a file where one is named."""
        return _written("".join(f"{report.to_json()}\n" for report in self.reports), path)

    def table(self) -> Any:
        """The records as a table that can be searched and sorted, for a notebook (needs itables).

        Raises:
            ImportError: itables is not installed.
        """
        from smtpnb.display.survey_table import survey_table  # noqa: PLC0415 - notebooks only

        return survey_table(self)


def _cell(value: Any) -> Any:
    # A leading quote is what spreadsheets hide again; the number types are no text and cannot be formulas.
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) else value


def _written(text: str, path: str | Path | None) -> str | None:
    if path is None:
        return text
    Path(path).write_text(text, encoding="utf-8", newline="")
    return None
