"""What stands in place of rows when there are none: why, and what to do (LIST-7)."""

from flask_babel import gettext as _

from app.admin.lists.listed import Listed


def empty(me: Listed) -> dict[str, str]:
    """The sentence and the way on, by what the reader looks at."""
    if me.state.page > 1:
        return _told(
            _("This page is beyond the end of the list."),
            "",
            me.state.url(),
            _("To the first page"),
        )
    everything = f"{me.state.path}?view=all"
    if _is_narrowed(me) and not _is_pool(me):
        return _told(
            _("Nothing matches this filter."),
            _("Remove a condition or search for something else."),
            me.state.url(conditions=me.state.base.filters, search=me.state.base.search),
            _("Clear the filter"),
        )
    if me.is_bin:
        return _told(
            _("The recycle bin is empty."),
            _("What is deleted waits here until it is restored or removed for good."),
            everything,
            _("Back to the list"),
        )
    if me.query.in_pools:
        return _told(
            _("There is nothing in the pools."),
            _("What is released comes here, and can be claimed by the members of the pool."),
            everything,
            _("Back to the list"),
        )
    if me.state.view not in ("", "all"):
        return _told(
            _("There is nothing in this view."),
            _("Other records may be in other views."),
            everything,
            _("Show all"),
        )
    return _told(
        _("Nothing here yet."),
        _("What you create or get assigned appears here."),
        me.create_url,
        _("Create the first one"),
    )


def _is_narrowed(me: Listed) -> bool:
    """Whether the reader looks for something of his own within the view."""
    base = me.state.base
    return (me.state.conditions, me.state.search) != (base.filters, base.search)


def _is_pool(me: Listed) -> bool:
    """Whether the reader looks at the pools with no other condition."""
    return me.query.in_pools and len(me.state.conditions) == 1 and not me.state.search


def _told(title: str, hint: str, url: str, label: str) -> dict[str, str]:
    return {"title": title, "hint": hint, "action_url": url, "action_label": label}
