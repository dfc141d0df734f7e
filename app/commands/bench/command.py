"""``flask crm bench``: fills a database of its own, serves it, asks, and reports."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask

from app.commands.bench import report, runner
from app.commands.bench.client import Client
from app.commands.bench.database import TODAY, Company, prepare, put_back, touch_a_row
from app.commands.bench.measures import measures
from app.commands.bench.processes import resident_mib
from app.commands.bench.raw_import import forget_imported
from app.commands.bench.report import Whole
from app.commands.bench.runner import Clients, Result
from app.commands.bench.server import Server
from app.demo.loader import Size
from app.extensions import db
from config import settings

AREAS = ("list", "search", "record", "home", "rest", "todos", "bulk")
UNTHROTTLED = ("CRM_LOGIN_PER_ACCOUNT", "CRM_LOGIN_PER_ADDRESS", "CRM_LOGIN_PER_NETWORK")


@click.command("bench")
@click.argument("area", type=click.Choice(AREAS), required=False)
@click.option(
    "--customers", type=click.IntRange(200, 3_000_000), default=100_000, show_default=True
)
@click.option("--users", type=click.IntRange(18, 20_000), default=500, show_default=True)
@click.option("--departments", type=click.IntRange(9, 2_000), default=100, show_default=True)
@click.option("--rounds", type=click.IntRange(1, 1_000), default=20, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.1, 600), default=5.0, show_default=True)
def bench(area: str | None, rounds: int, seconds: float, **size: int) -> None:
    """Measure pages and API of one AREA, or of all, against the floor under them.

    Fills the PostgreSQL database of DATABASE_URL, which must be empty or an earlier bench's, or
    else a SQLite file in the instance folder; keeps it for the next run. Prints the report and
    writes it to bench.json in the instance folder. Ends with eight clients at once for SECONDS.
    """
    environ = own_environment()
    with application(environ):
        company = prepare(
            Size(**size, seed=1, today=TODAY), lambda line: click.echo(line, err=True)
        )
        results = [Result(m) for m in measures(company) if area in (None, m.area)]
        with Server(environ, workers=1) as fresh:
            runner.count(results, runner.log_in(fresh, company), touch_a_row)
        with Server(environ) as server:
            try:
                whole = measured(server, company, results, rounds, seconds)
            finally:
                put_back(company)
                forget_imported()
    click.echo("\n".join(report.text(company, whole, results)))
    path = Path(settings()["CRM_INSTANCE"]) / "bench.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    report.write(path, company, whole, results)
    click.echo(f"written to {path}", err=True)


def own_environment() -> dict[str, str]:
    """An instance of the bench's own inside ours: other keys, other SQLite file, no throttle."""
    folder = Path(settings()["CRM_INSTANCE"]) / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    own = {
        "CRM_INSTANCE": str(folder),
        "CRM_IDLE_MINUTES": "1440",
        "CRM_HTTPS": "0",
        "CRM_JOBS": "threads",
    }
    kept = {key: value for key, value in os.environ.items() if not key.endswith("SECRET_KEY")}
    if kept.get("DATABASE_URL", "").startswith("sqlite"):
        del kept["DATABASE_URL"]  # that file is the installation's
    return {**kept, **own, **dict.fromkeys(UNTHROTTLED, "1000000")}


@contextmanager
def application(environ: dict[str, str]) -> Iterator[None]:
    """An application on the bench's database, as this process uses it."""
    from app import create_app  # the factory knows the command line, and so this module

    app: Flask = create_app(settings(environ))
    with app.app_context():
        try:
            yield
        finally:
            db.session.remove()
            db.engine.dispose()


def measured(
    server: Server, company: Company, results: Sequence[Result], rounds: int, seconds: float
) -> Whole:
    """Run all rounds, then the load of eight clients."""
    clients = runner.log_in(server, company)
    runner.run(results, server, clients, rounds)
    pages, least = throughputs(server, clients, company, seconds)
    return Whole(
        server=server.name,
        database=company.kind,
        rounds=rounds,
        seconds_to_start=server.seconds_to_start,
        resident_mib=[resident_mib(pid) for pid in server.pids()],
        pages_per_second=pages,
        floor_per_second=least,
    )


def throughputs(
    server: Server, clients: Clients, company: Company, seconds: float
) -> tuple[float, float]:
    """List pages per second, ours and the floor's."""
    first = next(m for m in measures(company) if m.who == "department_tree")
    somebody, nobody = clients[first.who], Client(server.port)
    asked = first.floor or {}
    return (
        runner.throughput(lambda: first.ask(somebody).status, seconds),
        runner.throughput(lambda: nobody.post_json("/bench/floor/", asked).status, seconds),
    )
