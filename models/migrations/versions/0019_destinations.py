"""Where requests are filed besides the city's own system, and which service goes where."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_FILING = sa.text("request_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "destination",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("settings_key", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("jurisdiction_id", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "service_destination",
        sa.Column("service_code", sa.String(), nullable=False),
        sa.Column("destination_id", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["service_code"], ["service.service_code"]),
        sa.ForeignKeyConstraint(["destination_id"], ["destination.id"]),
        sa.PrimaryKeyConstraint("service_code"),
    )
    op.add_column("service_request", sa.Column("destination_id", sa.Integer(), nullable=True))
    op.add_column("send_attempt", sa.Column("destination_id", sa.Integer(), nullable=True))
    op.add_column("send_attempt", sa.Column("absent_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_send_attempt_destination",
        "send_attempt",
        ["destination_id", "outcome", "finished_at"],
        sqlite_where=_FILING,
        postgresql_where=_FILING,
    )


def downgrade() -> None:
    op.drop_index("ix_send_attempt_destination", table_name="send_attempt")
    op.drop_column("send_attempt", "absent_at")
    op.drop_column("send_attempt", "destination_id")
    op.drop_column("service_request", "destination_id")
    op.drop_table("service_destination")
    op.drop_table("destination")
