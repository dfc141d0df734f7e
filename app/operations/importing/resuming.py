"""An import that another process began: what its rows have claimed so far (C77, C79).

Who takes it up decides as the first one would have, had nobody ended him: which records were met
follows from the report, and what new ones are told from others by from the rows as they are staged.
"""

from collections.abc import Iterable, Iterator, Sequence

from app.operations.importing import matching
from app.operations.importing.plan import Claims, Planner, Sign
from app.operations.importing.reading import Read, Reader
from app.spec.errors import Gone
from app.store import imports, runs
from app.store.imports import Import, Lines


def claims_before(planner: Planner, file: Import, place: int) -> Claims:
    """What the rows of the portions before that place claim."""
    claims, done = Claims(), runs.done_ids(file.operation_id or 0)
    if planner.reaches:
        claims.touched.update(dict.fromkeys([*done, *imports.matched(file.id)], 0))
    if file.updated:
        return claims  # which of the rows are new is told by their records alone
    left, made = imports.left(file.id), iter(done)
    for number in range(place):
        rows = imports.part(file.id, number)
        if rows is None:
            raise Gone
        new = [row for row in rows if row[0] not in left]
        claims.made.update((line, next(made)) for line, _cells in new)
        claims.fresh.update((sign, line) for line, sign in _signs(planner, new))
    return claims


def _signs(planner: Planner, rows: Lines) -> Iterator[tuple[int, Sign]]:
    """What tells these new records, and what they carry, from others: by line."""
    for one, unique in _read(planner, rows, planner.options.match):
        yield from ((one.line, sign) for sign in planner.signs(one, unique))
    if planner.carried:
        kind, title = planner.carried.entity.key, planner.carried.entity.title
        for one, unique in _read(planner.carried, rows, [title]):
            if one.texts:
                yield from ((one.line, (kind, *sign)) for sign in unique)
                yield one.line, (kind, -one.line, one.values.get(title))


def _read(
    planner: Planner, rows: Lines, keys: Iterable[str]
) -> Iterator[tuple[Read, Sequence[Sign]]]:
    """The rows by their unique fields and these, each with the signs of the unique ones."""
    wanted = {*(f.key for f in planner.unique), *keys}
    columns = {key: at for key, at in planner.columns.items() if key in wanted}
    read = Reader(planner.entity, columns, planner.is_csv).read(rows) if columns else []
    return zip(read, matching.signs(planner.unique, [one.values for one in read]), strict=True)
