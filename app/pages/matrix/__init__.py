"""The permission matrix (MATRIX): what each role may do with each entity, on which rows.

``views`` has the addresses; ``form`` reads what a browser posts, ``proposal`` is what is asked
about before it is saved; ``screen``, ``preview``, ``compare`` and ``copying`` make the pages.
"""
