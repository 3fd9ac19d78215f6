"""How many people have to approve, and the one switch that stops everything."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _keys()
    _freeze()


def _keys() -> None:
    json = sa.JSON(none_as_null=True)
    op.add_column("staff_user", sa.Column("reads", json, nullable=False, server_default='["en"]'))
    op.add_column("mention", sa.Column("second_key", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("mention", sa.Column("handed_on_by", sa.Integer(), nullable=True))
    op.add_column("mention", sa.Column("handed_on_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_mention_second_key",
        "mention",
        ["second_key"],
        sqlite_where=sa.text("second_key IS 1"),
        postgresql_where=sa.text("second_key IS true"),
    )
    op.create_index(
        "ix_mention_handed_on",
        "mention",
        ["handed_on_at"],
        sqlite_where=sa.text("handed_on_at IS NOT NULL"),
        postgresql_where=sa.text("handed_on_at IS NOT NULL"),
    )
    op.create_table(
        "key_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("wanted", json, nullable=False),
        sa.Column("keys", sa.Integer(), nullable=False),
        sa.Column("hold_seconds", sa.Integer(), nullable=True),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("starter", sa.String(), nullable=True),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["staff_user.id"]),
        sa.ForeignKeyConstraint(["changed_by"], ["staff_user.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("starter"),
    )
    op.create_table(
        "handed_on",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("reply_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.Boolean(), nullable=False),
        sa.Column("covers", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("files", sa.String(), nullable=False),
        sa.Column("request", json, nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mention.id"]),
        sa.ForeignKeyConstraint(["reply_id"], ["reply.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_user.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_handed_on_mention", "handed_on", ["mention_id", "id"])
    op.create_index("ix_handed_on_staff", "handed_on", ["staff_id", "at"])


def _freeze() -> None:
    op.create_table(
        "freeze",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("frozen_by", sa.Integer(), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("thawed_by", sa.Integer(), nullable=True),
        sa.Column("thawed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["frozen_by"], ["staff_user.id"]),
        sa.ForeignKeyConstraint(["thawed_by"], ["staff_user.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_freeze_thawed_at", "freeze", ["thawed_at"])
    for table in ("reply", "service_request"):
        op.add_column(table, sa.Column("released_freeze_id", sa.Integer(), nullable=True))
