"""Indexes that numbers of a period are taken from, scope included.

Revision: 0011, after 0010. Created 2026-11-22 02:20:00.
"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

ALIVE = 'deleted_at IS NULL'
LISTED = 'deleted_at IS NULL AND pool_id IS NULL'
BY_TIME = {
    'customer': ('created_at', 'updated_at', 'next_contact_at', 'last_follow_up_at'),
    'lead': ('created_at', 'updated_at', 'next_contact_at', 'last_follow_up_at'),
    'contact': ('created_at', 'updated_at', 'next_contact_at'),
}
POOLED = 'deleted_at IS NULL AND pool_id IS NOT NULL'
OBTAINED = ['obtained_at', 'owner_id', 'obtained_way']
IN_POOLS = ['pooled_at', 'pool_id', 'owner_id', 'previous_owner_id']
UNTOUCHED = ['deal_status', 'last_follow_up_at', 'obtained_at', 'next_contact_at', 'owner_id']
NEW = (
    ('customer', 'obtained', OBTAINED, LISTED),
    ('customer', 'pooled', IN_POOLS, POOLED),
    ('customer', 'won', ['won_at', 'owner_id', 'deal_status'], LISTED + ' AND won_at IS NOT NULL'),
    ('customer', 'untouched', UNTOUCHED, LISTED),
    ('lead', 'obtained', OBTAINED, LISTED),
    ('lead', 'pooled', IN_POOLS, POOLED),
    ('lead', 'converted', ['converted_at', 'owner_id', 'is_converted'], LISTED + ' AND converted_at IS NOT NULL'),
)


def only(condition: str) -> dict:
    where = sa.text(condition)
    return {'sqlite_where': where, 'postgresql_where': where}


def rebuild(owner: list[str]) -> None:
    """The indexes that were there before, with these further columns."""
    for table, columns in BY_TIME.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                name, where = f'ix_{table}_{column}', ALIVE if table == 'contact' else LISTED
                batch_op.drop_index(name)
                batch_op.create_index(name, [column, 'id', *owner], unique=False, **only(where))


def upgrade() -> None:
    """Bring the schema to this revision."""
    rebuild(['owner_id'])
    for table, name, columns, where in NEW:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.create_index(f'ix_{table}_{name}', columns, unique=False, **only(where))


def downgrade() -> None:
    """Take this revision back."""
    for table, name, _columns, _where in NEW:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_index(f'ix_{table}_{name}')
    rebuild([])
