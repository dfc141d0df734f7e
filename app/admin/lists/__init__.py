"""The list page of any entity, derived from its declaration and the reader's policy (LIST, UI-4).

One module per part of the page: tabs, chips, header, rows, pager, bulk operations; ``screen`` puts
them together.
"""

from app.admin.lists.further import address
from app.admin.lists.listed import Listed, head, opened
from app.admin.lists.operations import button, is_alarming
from app.admin.lists.pooled import with_buttons
from app.admin.lists.rows import rows, value_cell
from app.admin.lists.screen import screen
from app.admin.lists.starred import star_of
from app.admin.lists.sums import sums
from app.admin.lists.tabs import default
from app.admin.lists.totals import counted

__all__ = [
    "Listed",
    "address",
    "button",
    "counted",
    "default",
    "head",
    "is_alarming",
    "opened",
    "rows",
    "screen",
    "star_of",
    "sums",
    "value_cell",
    "with_buttons",
]
