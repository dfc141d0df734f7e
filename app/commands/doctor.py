"""``flask crm doctor``: is this installation fit to serve? One line per check, 1 when one fails."""

from collections.abc import Iterator
from itertools import chain

import click
from flask.cli import with_appcontext
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.admin.security import readiness
from app.admin.security.first_admin import has_super_admin
from app.commands.findings import Finding, Verdict, bad, good, judged, poor
from app.commands.surroundings import production, surroundings
from app.extensions import db
from app.store import diagnosis, jobs, mails, replica, upgrade
from app.store.context import system_scope
from app.store.engine import be_patient
from app.store.separate import reading

LARGEST_SKEW = 2.0


@click.command("doctor")
@click.option("--production", "is_strict", is_flag=True, help="warnings count as failures")
@with_appcontext
def doctor(is_strict: bool) -> None:
    """Check database, keys, files, search index, clocks and settings; exit 1 when one is bad."""
    found = []
    for finding in chain(database(), surroundings(), production()):
        found.append(finding)
        click.echo(str(finding))
    failing = {Verdict.BAD, Verdict.POOR} if is_strict else {Verdict.BAD}
    wrong = sum(finding.verdict in failing for finding in found)
    click.echo(f"{len(found)} checks, {wrong} to mend", err=True)
    if wrong:
        raise SystemExit(1)


def database() -> Iterator[Finding]:
    """Everything that needs the database; one line only when it doesn't answer."""
    try:
        with reading() as connection:
            kind, version = diagnosis.server(connection)
            yield good("database", f"{kind} {version} answers")
            yield from _settings(connection)
            yield from _replica(connection)
            is_current = upgrade.is_current()
            yield judged(is_current, "upgrade", _due(is_current), "run: flask crm upgrade")
            if is_current:
                yield from _content(connection)
    except SQLAlchemyError as error:
        yield bad("database", f"doesn't answer ({type(error).__name__}): check DATABASE_URL")


def _due(is_current: bool) -> str:
    return "nothing is due" if is_current else "the tables are not those of this version"


def _settings(connection: Connection) -> Iterator[Finding]:
    for setting in diagnosis.settings(connection):
        yield judged(setting.is_right, setting.name, setting.found, f"needs {setting.wanted}")
    if diagnosis.is_superuser(connection):
        yield poor("database user", "is a superuser: an ordinary owner of the database will do")
    ahead = diagnosis.skew(connection)
    yield judged(
        abs(ahead) <= LARGEST_SKEW,
        "clocks",
        f"the database is {ahead:+.1f} s from this machine",
        "set both by the same time server",
    )


def _replica(connection: Connection) -> Iterator[Finding]:
    """Whether the replica is one of this database, and how far; nothing where none is named."""
    engine = db.engines.get(replica.NAME)
    if engine is None:
        return
    written = connection.execute(replica.WRITTEN).mappings().one()
    try:
        with engine.connect() as there:
            lacking = replica.behind(there, written)
    except SQLAlchemyError as error:
        yield poor("replica", f"doesn't answer ({type(error).__name__}): exports do without it")
        return
    yield judged(
        lacking is not None,
        "replica",
        "is none of this database" if lacking is None else f"{lacking:,} bytes behind",
        "check DATABASE_REPLICA_URL",
    )


def _content(connection: Connection) -> Iterator[Finding]:
    be_patient(connection, minutes=0)
    behind = [n for n in diagnosis.indexed(connection) if n.first != n.second]
    for numbers in behind:
        said = f"{numbers.name}: {numbers.first:,} records, {numbers.second:,} indexed"
        yield bad("search", f"{said}, run: flask crm rebuild-search")
    if not behind:
        yield good("search", "every record is indexed")
    reused = [n for n in diagnosis.numbered(connection) if n.first > n.second]
    for numbers in reused:
        said = f"{numbers.name}: the highest is {numbers.first}, the last given {numbers.second}"
        yield bad("numbers", f"{said}: new records would collide, restore the sequence")
    if not reused:
        yield good("numbers", "new records get new numbers")
    waiting, failed = jobs.neglected(connection)
    yield judged(
        not waiting,
        "jobs",
        f"{waiting} wait for a worker" if waiting else "none waits for a worker",
        "start the site or flask crm worker",
    )
    if failed:
        yield poor("jobs", f"{failed} failed within a week: see the log for the reason")
    yield _mail()
    with system_scope("is there anybody to log in"):
        has_admin = has_super_admin()
    yield judged(
        has_admin, "super admin", "exists" if has_admin else "none", "run: flask crm create-admin"
    )
    yield judged(
        readiness.is_key_shared(),
        "session key",
        "compared with the other instances'",
        "give every instance the same SECRET_KEY and JWT_SECRET_KEY",
    )


def _mail() -> Finding:
    """Mails that didn't arrive, or can't go out."""
    found = mails.counts()
    late, dead = found["late"], found.get(mails.DEAD, 0)
    said = f"{late} wait for more than an hour, {dead} refused for good"
    return poor("mail", f"{said}: see /mail/") if late or dead else good("mail", "none is stuck")
