"""Owners' indexes carry the columns of the quick filters, pools' are walked by name.

Revision: 0015, after 0014. Created 2026-11-22 04:28:00.
"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

POOLED = sa.text('deleted_at IS NULL AND pool_id IS NULL')
CARRIED = {
    'contact': (['buying_role'], sa.text('deleted_at IS NULL')),
    'customer': (['level', 'source', 'industry'], POOLED),
    'lead': (['source', 'industry', 'level'], POOLED),
}
COLUMNS = ['owner_id', 'updated_at', 'id']
IN_POOLS = sa.text('pool_id IS NOT NULL')


def upgrade() -> None:
    """Bring the schema to this revision; SQLite's indexes carry nothing."""
    _index_pools(['pool_id', 'name_sort', 'id'])
    if op.get_bind().dialect.name == 'postgresql':
        for table, (carried, only) in CARRIED.items():
            op.drop_index(f'ix_{table}_owner_id', table)
            op.create_index(f'ix_{table}_owner_id', table, COLUMNS, postgresql_where=only, postgresql_include=carried)


def downgrade() -> None:
    """Take this revision back."""
    _index_pools(['pool_id', 'id'])
    if op.get_bind().dialect.name == 'postgresql':
        for table, (_carried, only) in CARRIED.items():
            op.drop_index(f'ix_{table}_owner_id', table)
            op.create_index(f'ix_{table}_owner_id', table, COLUMNS, postgresql_where=only)


def _index_pools(columns: list[str]) -> None:
    for table in ('customer', 'lead'):
        op.drop_index(f'ix_{table}_pool_id', table)
        op.create_index(f'ix_{table}_pool_id', table, columns, sqlite_where=IN_POOLS, postgresql_where=IN_POOLS)
