"""Import (IMP): spreadsheets in, records out, for every entity that declares ``import``.

A file is read in a process of its own (``sheets``, ``reader``) and staged in the database; its
headings are mapped to fields (``headers``), its cells become values (``cells``), every row gets a
verdict (``plan``), and what is to be written goes through the one writer (``applying``).
"""
