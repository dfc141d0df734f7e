"""An import that another process began: what its rows have claimed so far (C77, C79).

Who takes it up decides as the first one would have, had nobody ended him: which records were met
follows from the report, and what new ones are told from others by from the rows as they are staged.
"""

from collections.abc import Iterator

from app.operations.importing import matching
from app.operations.importing.plan import Claims, Planner, Sign
from app.operations.importing.reading import Reader
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
    wanted = {*(f.key for f in planner.unique), *planner.options.match}
    columns = {key: at for key, at in planner.columns.items() if key in wanted}
    read = Reader(planner.entity, columns, planner.is_csv).read(rows) if columns else []
    unique = matching.signs(planner.unique, [one.values for one in read])
    for one, some in zip(read, unique, strict=True):
        yield from ((one.line, sign) for sign in planner.signs(one, some))
    if planner.carried:
        kind = planner.carried.entity.key
        yield from ((line, (kind, *sign)) for line, sign in _signs(planner.carried, rows))
