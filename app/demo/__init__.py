"""The demo company: believable, bilingual, the same for the same seed (contract §8).

Plain data only: dictionaries with column values, people by username, customers by ``key``. Who
stores them and how is not decided here.
"""
