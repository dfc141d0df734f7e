"""Files being imported: their rows as text, how they were mapped, what became of each (IMP).

Rows lie in portions, packed, so that any process on any host can go on where another stopped
(R17). Of an import that is over, what the rows said is forgotten after some weeks; that it was
done, by whom and with which counts, stays.
"""

import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    case,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.errors import NotFound
from app.spec.types import UTCDateTime
from app.store.context import actor
from app.store.door import MAX_ID
from app.store.jobs import OPEN, Job
from app.store.separate import reading, writing

SWEPT_AT_ONCE = 3
"""Files whose rows go in one transaction: on SQLite nobody else writes meanwhile (R10)."""
Lines = Sequence[tuple[int, list[str]]]
PAGE = 1_000
CLAIMS_AT_ONCE = 20
"""Portions whose claims are read together."""


class Import(db.Model):  # type: ignore[name-defined,misc]
    """One uploaded file on its way: what it is, how it is to be read, how far it has got."""

    __tablename__ = "import_file"
    __table_args__ = (Index("ix_import_file_actor_id", "actor_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(String(40))
    actor_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    at: Mapped[Any] = mapped_column(UTCDateTime())
    name: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(5))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    sheet: Mapped[str] = mapped_column(String(120), default="")
    sheets: Mapped[Any] = mapped_column(JSON, default=list)
    headings: Mapped[Any] = mapped_column(JSON, default=list)
    total: Mapped[int] = mapped_column(default=0)
    mapping: Mapped[Any] = mapped_column(JSON, default=dict)
    options: Mapped[Any] = mapped_column(JSON, default=dict)
    rehearsal: Mapped[Any] = mapped_column(JSON, nullable=True)
    """What the last dry run said, for the page that shows it."""
    operation_id: Mapped[int | None]
    """The run that imported it: set once, so that no file is imported twice (R17)."""
    job_id: Mapped[int | None]
    """The job of its last dry run, then of its import, where there is one."""
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    is_forgotten: Mapped[bool] = mapped_column(default=False)
    """Whether the rows are gone."""


class ImportPart(db.Model):  # type: ignore[name-defined,misc]
    """A portion of a file's rows, as packed JSON: [[line, [cell, …]], …]."""

    __tablename__ = "import_part"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    import_id: Mapped[int] = mapped_column(ForeignKey("import_file.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    packed: Mapped[bytes] = mapped_column(LargeBinary)


class ImportClaim(db.Model):  # type: ignore[name-defined,misc]
    """What the rows of a portion that has been imported are, for those of later ones: packed.

    Written with the portion, and gone when the import is done: only who takes it up reads it.
    """

    __tablename__ = "import_claim"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    import_id: Mapped[int] = mapped_column(ForeignKey("import_file.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    packed: Mapped[bytes] = mapped_column(LargeBinary)


class ImportLine(db.Model):  # type: ignore[name-defined,misc]
    """What became of a row that changed nothing: left out or failed, and why."""

    __tablename__ = "import_line"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    import_id: Mapped[int] = mapped_column(ForeignKey("import_file.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(String(10))
    code: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int | None]
    reason: Mapped[str] = mapped_column(Text)


def begin(values: Mapping[str, Any]) -> Import:
    """Note an uploaded file of the actor's; its rows follow."""
    file = Import(**{"at": clock.now(), **values}, actor_id=actor().user_id)
    db.session.add(file)
    db.session.flush()
    return file


def keep(file: Import, portions: Iterable[bytes]) -> None:
    """Store the rows of a file, portion by portion, each as JSON."""
    for number, rows in enumerate(portions):
        row = {"import_id": file.id, "number": number, "packed": zlib.compress(rows, 1)}
        db.session.execute(insert(ImportPart.__table__), [row])


def part(number: int, place: int) -> Lines | None:
    """A portion of the rows of an import; None behind the last one."""
    one = ImportPart.__table__.c
    packed = db.session.scalar(
        select(one.packed).where(one.import_id == number, one.number == place)
    )
    return None if packed is None else json.loads(zlib.decompress(packed))


def parts(number: int) -> Iterator[Lines]:
    """All portions in their order."""
    place = 0
    while (rows := part(number, place)) is not None:
        yield rows
        place += 1


def keep_claims(number: int, place: int, packed: bytes) -> None:
    """Store what the rows of a portion claim, in the transaction that imports them (C77)."""
    row = {"import_id": number, "number": place, "packed": packed}
    db.session.execute(insert(ImportClaim.__table__), [row])


def claims(number: int, before: int) -> Iterator[bytes]:
    """What the portions before that place claim, in their order.

    A few are read at a time, each time by itself: no transaction waits for their reader.
    """
    one, place = ImportClaim.__table__.c, -1
    of_file = select(one.number, one.packed).where(one.import_id == number, one.number < before)
    while True:
        following = of_file.where(one.number > place).order_by(one.number).limit(CLAIMS_AT_ONCE)
        with reading() as connection:
            page = connection.execute(following).all()
        yield from (row.packed for row in page)
        if len(page) < CLAIMS_AT_ONCE:
            return
        place = page[-1].number


def forget_claims(number: int) -> None:
    """Delete what the portions of an import claimed: there are no later ones."""
    db.session.execute(delete(ImportClaim.__table__).where(ImportClaim.import_id == number))


def own(number: int, entity: str = "", *, lock: bool = False) -> Import:
    """An import of the actor's own; NotFound for anybody else's (contract §6).

    With ``lock`` nobody else can start or settle it until this transaction ends.
    """
    if not 0 < number <= MAX_ID:
        raise NotFound
    statement = select(Import).where(Import.id == number, Import.actor_id == actor().user_id)
    if lock:
        statement = statement.with_for_update(key_share=True)
    found = db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if found is None or (entity and found.entity != entity):
        raise NotFound
    return found


def beside(file: Import) -> list[Import]:
    """The imports that the sheets of one uploaded workbook became, this one among them."""
    same = [getattr(Import, key) == getattr(file, key) for key in _OF_ONE_UPLOAD]
    return list(db.session.scalars(select(Import).where(*same).order_by(Import.id)))


_OF_ONE_UPLOAD = ("actor_id", "entity", "at", "sha256")


def known(number: int) -> Import:
    """An import for the job that looks at it, as it is at this moment."""
    return db.session.scalars(select(Import).where(Import.id == number)).one()


def under_way(number: int) -> Import:
    """An import for the job that does or rehearses it, locked as by ``own``."""
    statement = select(Import).where(Import.id == number).with_for_update(key_share=True)
    return db.session.scalars(statement.execution_options(populate_existing=True)).one()


def latest(limit: int, before: int | None = None) -> list[Import]:
    """The actor's newest imports, at most ``limit``; only older ones than ``before``."""
    statement = select(Import).where(Import.actor_id == actor().user_id)
    if before is not None:
        statement = statement.where(Import.id < before)
    return list(db.session.scalars(statement.order_by(Import.id.desc()).limit(limit)))


def note(number: int, lines: Sequence[Mapping[str, Any]]) -> None:
    """Add what became of rows that changed nothing."""
    if lines:
        rows = [{**line, "import_id": number} for line in lines]
        db.session.execute(insert(ImportLine.__table__), rows)


def lines(number: int, outcome: str = "", limit: int | None = None) -> list[ImportLine]:
    """The rows that changed nothing, in the order of the file; the first ``limit`` of them."""
    statement = select(ImportLine).where(ImportLine.import_id == number)
    if outcome:
        statement = statement.where(ImportLine.outcome == outcome)
    return list(db.session.scalars(statement.order_by(ImportLine.line).limit(limit)))


def pages(number: int, outcome: str) -> Iterator[Sequence[Any]]:
    """The lines of the file with that outcome, and why: page by page.

    Each page is read by itself: a slow reader keeps no transaction open.
    """
    row, last = ImportLine.__table__.c, 0
    of_file = row.import_id == number, row.outcome == outcome
    columns = select(row.line, row.code, row.reason).where(*of_file).order_by(row.line)
    while True:
        with reading() as connection:
            page = connection.execute(columns.where(row.line > last).limit(PAGE)).all()
        if page:
            yield page
        if len(page) < PAGE:
            return
        last = page[-1].line


def reasons(number: int, alike: Collection[str] = ()) -> list[tuple[str, str, int]]:
    """Why rows changed nothing, with how many, the commonest first: (code, reason, count).

    Those of the codes ``alike`` are counted together, whatever each of them says.
    """
    row, n = ImportLine.__table__.c, func.count()
    said = case((row.code.in_(alike), ""), else_=row.reason).label("said")
    kept = select(row.code, said).where(row.import_id == number).subquery()
    statement = (
        select(kept.c.code, kept.c.said, n)
        .group_by(kept.c.code, kept.c.said)
        .order_by(n.desc())
        .limit(20)
    )
    return [(code, reason, count) for code, reason, count in db.session.execute(statement)]


def sweep(keep: timedelta) -> int:
    """Forget what the rows of old files said, but of those a job is at; answers of how many.

    Few files at a time.
    """
    found = 0
    while some := _sweep_some(keep):
        found += some
    return found


def _sweep_some(keep: timedelta) -> int:
    with writing(is_patient=True) as connection:
        file = Import.__table__.c
        is_at_it = exists().where(Job.id == file.job_id, Job.state.in_(OPEN))
        is_old = (file.at < clock.now() - keep, file.is_forgotten.is_(False), ~is_at_it)
        old = list(connection.scalars(select(file.id).where(*is_old).limit(SWEPT_AT_ONCE)))
        for table in (ImportPart.__table__, ImportClaim.__table__, ImportLine.__table__):
            connection.execute(delete(table).where(table.c.import_id.in_(old)))
        connection.execute(
            update(Import.__table__).where(file.id.in_(old)).values(is_forgotten=True)
        )
    return len(old)
