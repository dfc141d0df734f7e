"""How many records somebody may have or lock.

Revision: 0048, after 0047. Created 2026-11-23 14:33:11.887890.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0048'
down_revision = '0047'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table('cap',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('name_en', sa.String(length=80), nullable=True),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('counted', sa.String(length=40), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('counts_done', sa.Boolean(), nullable=True),
    sa.Column('position', sa.Integer(), nullable=True),
    sa.Column('is_enabled', sa.Boolean(), nullable=True),
    sa.Column('name_sort', sa.String(length=80).with_variant(sa.String(length=80, collation='C'), 'postgresql'), nullable=True),
    sa.Column('created_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('updated_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
    sa.Column('updated_by_id', sa.Integer(), nullable=True),
    sa.Column('deleted_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
    sa.Column('deleted_by_id', sa.Integer(), nullable=True),
    sa.Column('delete_batch', sa.String(length=36), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cap')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('cap', schema=None) as batch_op:
        batch_op.create_index('ix_cap_created_at', ['created_at', 'id'], unique=False, sqlite_where=sa.text('deleted_at IS NULL'), postgresql_where=sa.text('deleted_at IS NULL'))
        batch_op.create_index('ix_cap_delete_batch', ['delete_batch'], unique=False, sqlite_where=sa.text('delete_batch IS NOT NULL'), postgresql_where=sa.text('delete_batch IS NOT NULL'))
        batch_op.create_index('ix_cap_deleted_at', ['deleted_at', 'id'], unique=False, sqlite_where=sa.text('deleted_at IS NOT NULL'), postgresql_where=sa.text('deleted_at IS NOT NULL'))
        batch_op.create_index('ix_cap_name_sort', ['name_sort', 'id'], unique=False, sqlite_where=sa.text('deleted_at IS NULL'), postgresql_where=sa.text('deleted_at IS NULL'))
        batch_op.create_index('ix_cap_position', ['position', 'id'], unique=False, sqlite_where=sa.text('deleted_at IS NULL'), postgresql_where=sa.text('deleted_at IS NULL'))
        batch_op.create_index('ix_cap_updated_at', ['updated_at', 'id'], unique=False, sqlite_where=sa.text('deleted_at IS NULL'), postgresql_where=sa.text('deleted_at IS NULL'))

    op.create_table('cap_departments',
    sa.Column('cap_id', sa.Integer(), nullable=False),
    sa.Column('department_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['cap_id'], ['cap.id'], name=op.f('fk_cap_departments_cap_id_cap')),
    sa.ForeignKeyConstraint(['department_id'], ['department.id'], name=op.f('fk_cap_departments_department_id_department')),
    sa.PrimaryKeyConstraint('cap_id', 'department_id', name=op.f('pk_cap_departments'))
    )
    with op.batch_alter_table('cap_departments', schema=None) as batch_op:
        batch_op.create_index('ix_cap_departments_department_id', ['department_id'], unique=False)

    op.create_table('cap_users',
    sa.Column('cap_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['cap_id'], ['cap.id'], name=op.f('fk_cap_users_cap_id_cap')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_cap_users_user_id_user_account')),
    sa.PrimaryKeyConstraint('cap_id', 'user_id', name=op.f('pk_cap_users'))
    )
    with op.batch_alter_table('cap_users', schema=None) as batch_op:
        batch_op.create_index('ix_cap_users_user_id', ['user_id'], unique=False)



def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table('cap_users', schema=None) as batch_op:
        batch_op.drop_index('ix_cap_users_user_id')

    op.drop_table('cap_users')
    with op.batch_alter_table('cap_departments', schema=None) as batch_op:
        batch_op.drop_index('ix_cap_departments_department_id')

    op.drop_table('cap_departments')
    with op.batch_alter_table('cap', schema=None) as batch_op:
        batch_op.drop_index('ix_cap_updated_at', sqlite_where=sa.text('deleted_at IS NULL'), postgresql_where=sa.text('deleted_at IS NULL'))
        batch_op.drop_index('ix_cap_position', sqlite_where=sa.text('deleted_at IS NULL'), postgresql_where=sa.text('deleted_at IS NULL'))
        batch_op.drop_index('ix_cap_name_sort', sqlite_where=sa.text('deleted_at IS NULL'), postgresql_where=sa.text('deleted_at IS NULL'))
        batch_op.drop_index('ix_cap_deleted_at', sqlite_where=sa.text('deleted_at IS NOT NULL'), postgresql_where=sa.text('deleted_at IS NOT NULL'))
        batch_op.drop_index('ix_cap_delete_batch', sqlite_where=sa.text('delete_batch IS NOT NULL'), postgresql_where=sa.text('delete_batch IS NOT NULL'))
        batch_op.drop_index('ix_cap_created_at', sqlite_where=sa.text('deleted_at IS NULL'), postgresql_where=sa.text('deleted_at IS NULL'))

    op.drop_table('cap')
