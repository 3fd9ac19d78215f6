"""Who reported it already: the lookup of open requests, suggestions, verdicts, and a service's own radius and age."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    json = sa.JSON(none_as_null=True)
    op.create_table(
        "neighbour_mark",
        sa.Column("request_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("text_hash", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("categories", json, nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("precision_m", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["service_request.id"]),
        sa.ForeignKeyConstraint(["mention_id"], ["mention.id"]),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_index("ix_neighbour_mark_mention", "neighbour_mark", ["mention_id"])
    op.create_index("ix_neighbour_mark_at", "neighbour_mark", ["at"])
    op.create_table(
        "neighbour_key",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["neighbour_mark.request_id"]),
        sa.PrimaryKeyConstraint("key", "request_id"),
    )
    op.create_index("ix_neighbour_key_request", "neighbour_key", ["request_id"])
    op.create_table(
        "neighbour_suggestion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("relation", sa.String(length=40), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("metres", sa.Float(), nullable=True),
        sa.Column("hours", sa.Float(), nullable=False),
        sa.Column("reasons", json, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mention.id"]),
        sa.ForeignKeyConstraint(["request_id"], ["service_request.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("mention_id", "request_id"),
    )
    op.create_index("ix_neighbour_request", "neighbour_suggestion", ["request_id"])
    op.create_table(
        "neighbour_verdict",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("relation", sa.String(length=40), nullable=False),
        sa.Column("suggested", sa.String(length=40), nullable=True),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mention.id"]),
        sa.ForeignKeyConstraint(["request_id"], ["service_request.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_user.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("mention_id", "request_id"),
    )
    op.create_index("ix_neighbour_verdict_request", "neighbour_verdict", ["request_id"])
    op.create_table(
        "service_reach",
        sa.Column("service_code", sa.String(), nullable=False),
        sa.Column("radius_m", sa.Float(), nullable=True),
        sa.Column("hours", sa.Float(), nullable=True),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("checked_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("radius_m IS NULL OR radius_m BETWEEN 0 AND 5000", name="reach_radius"),
        sa.CheckConstraint("hours IS NULL OR hours BETWEEN 1 AND 4320", name="reach_hours"),
        sa.ForeignKeyConstraint(["service_code"], ["service.service_code"]),
        sa.ForeignKeyConstraint(["checked_by"], ["staff_user.id"]),
        sa.PrimaryKeyConstraint("service_code"),
    )
    op.create_index("ix_service_request_joined", "service_request", ["joined_to_id"])


def downgrade() -> None:
    op.drop_index("ix_service_request_joined", table_name="service_request")
    op.drop_table("service_reach")
    op.drop_table("neighbour_verdict")
    op.drop_table("neighbour_suggestion")
    op.drop_table("neighbour_key")
    op.drop_table("neighbour_mark")
