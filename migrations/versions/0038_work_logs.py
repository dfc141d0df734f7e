"""Work logs, and the figures that were attached to them (LOG).

Revision: 0038, after 0037. Created 2026-11-23 07:42:00.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0038'
down_revision = '0037'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table('kept_figure',
    sa.Column('entity', sa.String(length=40), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('metric', sa.String(length=40), nullable=False),
    sa.Column('number', sa.Numeric(precision=18, scale=2), nullable=False),
    sa.PrimaryKeyConstraint('entity', 'record_id', 'metric', name=op.f('pk_kept_figure'))
    )
    op.create_table('work_log',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('done', sa.Text(), nullable=False),
    sa.Column('next_steps', sa.Text(), nullable=True),
    sa.Column('problems', sa.Text(), nullable=True),
    sa.Column('name_sort', sa.String(length=80).with_variant(sa.String(length=80, collation='C'), 'postgresql'), nullable=True),
    sa.Column('owner_id', sa.Integer(), nullable=True),
    sa.Column('created_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('updated_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
    sa.Column('updated_by_id', sa.Integer(), nullable=True),
    sa.Column('deleted_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
    sa.Column('deleted_by_id', sa.Integer(), nullable=True),
    sa.Column('delete_batch', sa.String(length=36), nullable=True),
    sa.ForeignKeyConstraint(['owner_id'], ['user_account.id'], name=op.f('fk_work_log_owner_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_work_log')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('work_log', schema=None) as batch_op:
        batch_op.create_index('ix_work_log_created_at', ['created_at', 'id', 'owner_id'], unique=False, sqlite_where=sa.text('deleted_at IS NULL'), postgresql_where=sa.text('deleted_at IS NULL'))
        batch_op.create_index('ix_work_log_day', ['day', 'id'], unique=False, sqlite_where=sa.text('deleted_at IS NULL'), postgresql_where=sa.text('deleted_at IS NULL'))
        batch_op.create_index('ix_work_log_delete_batch', ['delete_batch'], unique=False, sqlite_where=sa.text('delete_batch IS NOT NULL'), postgresql_where=sa.text('delete_batch IS NOT NULL'))
        batch_op.create_index('ix_work_log_deleted_at', ['deleted_at', 'id'], unique=False, sqlite_where=sa.text('deleted_at IS NOT NULL'), postgresql_where=sa.text('deleted_at IS NOT NULL'))
        batch_op.create_index('ix_work_log_due', ['kind', 'day', 'owner_id'], unique=False, sqlite_where=sa.text('deleted_at IS NULL'), postgresql_where=sa.text('deleted_at IS NULL'))
        batch_op.create_index('ix_work_log_name_sort', ['name_sort', 'id'], unique=False, sqlite_where=sa.text('deleted_at IS NULL'), postgresql_where=sa.text('deleted_at IS NULL'))
        batch_op.create_index('ix_work_log_owner_id', ['owner_id', 'updated_at', 'id'], unique=False, postgresql_include=['kind', 'day', 'owner_id'], postgresql_where=sa.text('deleted_at IS NULL'), sqlite_where=sa.text('deleted_at IS NULL'))
        batch_op.create_index('ix_work_log_scope', ['id', 'owner_id', 'updated_at'], unique=False, sqlite_where=sa.text('deleted_at IS NULL'), postgresql_where=sa.text('deleted_at IS NULL'))
        batch_op.create_index('ix_work_log_updated_at', ['updated_at', 'id', 'owner_id'], unique=False, sqlite_where=sa.text('deleted_at IS NULL'), postgresql_where=sa.text('deleted_at IS NULL'))

    op.create_table('work_log_recipients',
    sa.Column('work_log_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_work_log_recipients_user_id_user_account')),
    sa.ForeignKeyConstraint(['work_log_id'], ['work_log.id'], name=op.f('fk_work_log_recipients_work_log_id_work_log')),
    sa.PrimaryKeyConstraint('work_log_id', 'user_id', name=op.f('pk_work_log_recipients'))
    )
    with op.batch_alter_table('work_log_recipients', schema=None) as batch_op:
        batch_op.create_index('ix_work_log_recipients_user_id', ['user_id', 'work_log_id'], unique=False)


def downgrade() -> None:
    """Take this revision back."""
    for table in ('work_log_recipients', 'work_log', 'kept_figure'):
        op.drop_table(table)
