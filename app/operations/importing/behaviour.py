"""Importing among the operations: no selection, so nothing of the engine, but runs like theirs."""

from app.operations.behaviour import Behaviour


class Import(Behaviour):
    """Done by ``applying``; known here, so that its runs are listed and can be undone (BULK-9)."""

    slug = "import"
