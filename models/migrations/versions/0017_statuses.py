"""What the city says after filing, who is told of it, and what a service asks."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "status_update",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("change_key", sa.String(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("status_notes", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("outcome_by", sa.Integer(), nullable=True),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("duplicate_of", sa.String(), nullable=False),
        sa.Column("planned_for", sa.DateTime(timezone=True), nullable=True),
        sa.Column("media_url", sa.String(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["service_request.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("request_id", "change_key"),
    )
    op.create_index("ix_status_update_request", "status_update", ["request_id", "id"])
    op.create_table(
        "status_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("update_id", sa.Integer(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("reply_id", sa.Integer(), nullable=True),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mention.id"]),
        sa.ForeignKeyConstraint(["reply_id"], ["reply.id"]),
        sa.ForeignKeyConstraint(["update_id"], ["status_update.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("update_id", "mention_id"),
    )
    op.create_index("ix_status_notice_mention", "status_notice", ["mention_id", "state"])
    op.create_index("ix_status_notice_due", "status_notice", ["state", "not_before"])
    op.create_table(
        "service_attribute",
        sa.Column("service_code", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("variable", sa.Boolean(), nullable=False),
        sa.Column("datatype", sa.String(length=40), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("datatype_description", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("values", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("questions", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["service_code"], ["service.service_code"]),
        sa.PrimaryKeyConstraint("service_code", "code"),
    )


def downgrade() -> None:
    op.drop_table("service_attribute")
    op.drop_index("ix_status_notice_due", table_name="status_notice")
    op.drop_index("ix_status_notice_mention", table_name="status_notice")
    op.drop_table("status_notice")
    op.drop_index("ix_status_update_request", table_name="status_update")
    op.drop_table("status_update")
