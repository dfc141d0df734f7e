"""The page of any record, derived from its declaration and the reader's policy (UI-5).

One module per part of the page: tabs of children, team and history, the panels beside them, the
order of the layers; ``screen`` puts them together.
"""
