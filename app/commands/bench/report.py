"""The bench's findings: a table to read, and JSON to compare with an earlier run."""

import json
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from inspect import getsource
from pathlib import Path
from statistics import mean, median
from typing import Any

from app.commands.bench import floor
from app.commands.bench.database import Company
from app.commands.bench.runner import Result
from app.commands.explain import aligned

HEAD = (
    *("area", "what", "scope", "median ms", "p95", "floor ms", "× floor", "sql ms", "× sql"),
    *("stmts", "KiB", "cpu ms", "db cpu", "× cpu", "+MiB", ""),
)


@dataclass(frozen=True)
class Whole:
    """What is no row of the table: the surroundings, memory, throughput."""

    server: str
    database: str
    rounds: int
    seconds_to_start: float
    resident_mib: Sequence[float | None]
    pages_per_second: float
    floor_per_second: float


def text(company: Company, whole: Whole, results: Sequence[Result]) -> Iterator[str]:
    """The report, line by line."""
    yield f"{company.customers:,} customers on {whole.database}, {whole.server}, {machine()}"
    yield f"median of {whole.rounds} rounds, each asking page, floor and SQL in turn"
    yield ""
    yield from aligned([HEAD, *map(row, results)])
    yield ""
    ratio = whole.pages_per_second / whole.floor_per_second if whole.floor_per_second else 0
    yield (
        f"throughput, 8 clients: {whole.pages_per_second:.0f} list pages/s, floor "
        f"{whole.floor_per_second:.0f}/s, ratio {ratio:.2f} (budget 0.125, aim 0.25)"
    )
    memory = ", ".join("?" if mib is None else f"{mib:.0f}" for mib in whole.resident_mib)
    yield f"memory per worker: {memory} MiB (budget 160)"
    yield f"start of the server: {whole.seconds_to_start:.1f} s (budget 3)"
    over = [f"{r.measure.area}: {r.measure.name}: {'; '.join(r.over)}" for r in results if r.over]
    yield f"over budget: {len(over)}"
    yield from (f"  {line}" for line in over)
    yield ""
    yield "the floor:"
    yield from (f"  {line}" for line in getsource(floor).splitlines())


def machine() -> str:
    """Enough to see that two reports come from different ones."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} CPUs, Python {platform.python_version()}{load}"


def row(result: Result) -> Sequence[str]:
    """One line of the table; budgets missed are marked."""
    measure = result.measure
    return (
        measure.area,
        measure.name,
        measure.who,
        _number(median(result.page) if result.page else None),
        _number(result.p95 if result.page else None),
        _number(median(result.floor) if result.floor else None),
        _number(result.to_floor),
        _number(median(result.sql) if result.sql else None),
        _number(result.to_sql),
        str(result.statements),
        _number(result.kib),
        _number(mean(result.server_cpu) if result.server_cpu else None),
        _number(mean(result.database_cpu) if result.database_cpu else None),
        _number(result.cpu_to_least),
        _number(result.grown),
        "over" if result.over else "",
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def write(path: Path, company: Company, whole: Whole, results: Sequence[Result]) -> None:
    """Everything measured, as JSON."""
    body = {
        "customers": company.customers,
        "machine": machine(),
        **vars(whole),
        "measures": [_json(result) for result in results],
    }
    path.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _json(result: Result) -> dict[str, Any]:
    measure = result.measure
    return {
        "area": measure.area,
        "name": measure.name,
        "scope": measure.who,
        "status": result.status,
        "statements": result.statements,
        "kib": round(result.kib, 1),
        "budget": {
            "statements": measure.statements,
            "to_floor": measure.ratio,
            "mib": measure.mib,
        },
        "to_floor": result.to_floor,
        "to_sql": result.to_sql,
        "cpu_to_least": result.cpu_to_least,
        "grown_mib": round(result.grown, 1),
        "over": result.over,
        **{
            f"{name}_ms": [round(value, 3) for value in getattr(result, name)]
            for name in ("page", "floor", "sql", "server_cpu", "database_cpu")
        },
    }
