"""Export (EXP): what a reader may have of many records, as a file.

``table`` says which columns and cells, ``writers`` how a file is written, ``drafts`` where it lies
meanwhile, ``behaviour`` which rows, ``files`` who may fetch it.
"""
