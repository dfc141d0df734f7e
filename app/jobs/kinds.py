"""The kinds of jobs there are: the only place where a stored word becomes code (C99b)."""

from app.jobs.bulk import Bulk
from app.jobs.exporting import Exporting
from app.jobs.handing_over import HandingOver
from app.jobs.importing import Importing, Rehearsing
from app.jobs.kind import Kind

KINDS: dict[str, type[Kind]] = {
    kind.slug: kind for kind in (Bulk, Exporting, HandingOver, Importing, Rehearsing)
}
