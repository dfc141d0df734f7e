"""Asks every measure in turn, page, floor and SQL interleaved, so that all share the same weather.

Statements are counted before, in a fresh process that has answered once and after this process
has written to the database: what a process keeps of rows would show as too few.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

from sqlalchemy import Select, column, func, select, table

from app.commands.bench.client import Answer, Client
from app.commands.bench.database import PEOPLE, Company
from app.commands.bench.floor import statements
from app.commands.bench.measures import Measure
from app.commands.bench.processes import cpu_seconds, growth
from app.commands.bench.server import Server
from app.extensions import db
from app.store.separate import reading

Clients = Mapping[str, Client]
CLIENTS = 8


@dataclass
class Result:
    """What was measured of one row; times in milliseconds."""

    measure: Measure
    status: int = 0
    statements: int = 0
    kib: float = 0.0
    page: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    sql: list[float] = field(default_factory=list)
    server_cpu: list[float] = field(default_factory=list)
    database_cpu: list[float] = field(default_factory=list)
    least_cpu: list[float] = field(default_factory=list)
    grown: float = 0.0
    """MiB by which a process of the server has grown at most."""

    @property
    def to_floor(self) -> float | None:
        return _ratio(self.page, self.floor)

    @property
    def to_sql(self) -> float | None:
        return _ratio(self.page, self.sql)

    @property
    def cpu_to_least(self) -> float | None:
        """Processor time of server and database against that of the least work.

        It tells more than the clock where other programs take a part of the machine. None where the
        least was no work of this process.
        """
        whole, least = sum([*self.server_cpu, *self.database_cpu]), sum(self.least_cpu)
        return whole / least if whole and least > sum(self.floor) / 20 else None

    @property
    def p95(self) -> float:
        if len(self.page) < 2:
            return sum(self.page)
        return quantiles(self.page, n=20, method="inclusive")[-1]

    @property
    def over(self) -> list[str]:
        """The budgets that were missed."""
        wanted, ratio = self.measure, self.to_floor
        found = []
        if self.status >= 400:
            found.append(f"answered {self.status}")
        if self.statements > wanted.statements:
            found.append(f"{self.statements} statements > {wanted.statements}")
        if wanted.ratio is not None and ratio is not None and ratio > wanted.ratio:
            found.append(f"{ratio:.1f} × floor > {wanted.ratio:g}")
        if wanted.mib is not None and self.grown > wanted.mib:
            found.append(f"+{self.grown:.0f} MiB > {wanted.mib:g}")
        return found


def log_in(server: Server, company: Company) -> Clients:
    """One client per scope."""
    return {
        scope: Client(server.port).log_in(name, company.password) for scope, name in PEOPLE.items()
    }


def count(results: Iterable[Result], clients: Clients, write: Callable[[], None]) -> None:
    """Statements, bytes and status of the second request of a fresh process."""
    for result in results:
        if result.measure.rounds == 1:
            continue  # it changes thousands of rows: its one run counts
        client = clients[result.measure.who]
        result.measure.ask(client)
        write()
        _note(result, result.measure.ask(client))


def _note(result: Result, answer: Answer) -> None:
    result.status, result.statements = answer.status, answer.statements
    result.kib = len(answer.body) / 1024


def run(results: Iterable[Result], server: Server, clients: Clients, rounds: int) -> None:
    """Each round asks everything once: page, floor, SQL alone."""
    results = list(results)
    for number in range(-1, rounds):
        for result in results:
            if number < (result.measure.rounds or rounds):
                _once(result, server, clients, is_kept=number >= 0)


def _once(result: Result, server: Server, clients: Clients, *, is_kept: bool) -> None:
    measure, client = result.measure, clients[result.measure.who]
    if measure.rounds == 1 and not is_kept:
        return
    before = _cpu(server)
    with growth(server.pids()) as grown:
        answer = measure.ask(client)
    after = _cpu(server)
    result.grown = max([result.grown, *grown])
    if measure.rounds == 1:
        _note(result, answer)
    asked = measure.floor
    floor = client.post_json("/bench/floor/", asked) if asked is not None else None
    sql = _alone(asked) if asked is not None else None
    if not is_kept:
        return
    result.page.append(answer.seconds * 1000)
    for cpu, start, end in zip(
        (result.server_cpu, result.database_cpu), before, after, strict=True
    ):
        if start is not None and end is not None:
            cpu.append((end - start) * 1000)
    if measure.ready is not None:
        measure.ready()
    if measure.least is not None:
        begun = _own_cpu()
        result.floor.append(measure.least() * 1000)
        result.least_cpu.append((_own_cpu() - begun) * 1000)
    if floor is not None and sql is not None:
        if floor.status != 200:
            raise RuntimeError(f"the floor of {measure.name} answered {floor.status}")
        result.floor.append(floor.seconds * 1000)
        result.sql.append(sql * 1000)


def _alone(asked: dict[str, Any]) -> float:
    """The minimal SQL from this process, fetched."""
    with reading() as connection:
        connection.exec_driver_sql("SELECT 1")
        began = time.perf_counter()
        for statement in statements(asked):
            connection.execute(statement).all()
        return time.perf_counter() - began


def _cpu(server: Server) -> tuple[float | None, float | None]:
    return cpu_seconds(server.pids()), cpu_seconds(database_pids())


def _own_cpu() -> float:
    """Seconds of processor time of this process and of the database."""
    return time.process_time() + (cpu_seconds(database_pids()) or 0.0)


def database_pids() -> list[int]:
    """The processes of a PostgreSQL on this machine that work for our database."""
    if db.engine.name != "postgresql":
        return []
    ours = column("datname") == func.current_database()
    mine: Select[Any] = select(column("pid")).select_from(table("pg_stat_activity")).where(ours)
    with reading() as connection:
        return list(connection.scalars(mine))


def throughput(ask: Callable[[], int], seconds: float) -> float:
    """Answers per second to eight clients at once."""
    end = time.monotonic() + seconds

    def one(_number: int) -> int:
        done = 0
        while time.monotonic() < end:
            if ask() != 200:
                raise RuntimeError("a page was refused under load")
            done += 1
        return done

    began = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        total = sum(pool.map(one, range(CLIENTS)))
    return total / (time.monotonic() - began)


def _ratio(page: list[float], other: list[float]) -> float | None:
    return median(page) / median(other) if page and other and median(other) else None
