"""Roles, scopes and second steps at the desk, and what the queue is sorted by, kept on the mention itself."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.text("UPDATE staff_user SET role = 'approver' WHERE role = 'staff'"))
    for name in ("service_code", "language", "area"):
        op.add_column("mention", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("mention", sa.Column("assigned_to", sa.Integer(), nullable=True))
    _staff()
    _scopes()


def _staff() -> None:
    for name in ("totp_secret", "totp_pending"):
        op.add_column("staff_user", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("staff_user", sa.Column("totp_step", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("sign_in", sa.Column("awaits_code", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("begun_at", "seen_at"):
        op.add_column("sign_in", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("sign_in", sa.Column("browser", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("code_sha256", sa.String(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_user.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code_sha256"),
    )
    op.create_index("ix_recovery_code_staff_id", "recovery_code", ["staff_id"])


def _scopes() -> None:
    op.create_table(
        "staff_scope",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_user.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("staff_id", "kind", "value"),
    )
