"""Everything that touches rows: models, the scope gate, reading, writing, history.

Layer 1: knows declarations and a database session, no web request.
"""
