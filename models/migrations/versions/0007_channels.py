"""Channels that tell the truth: lanes, rules, ledger, spend, standing approvals, links that begin a chat."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "compliance_job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("channel_job_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("after_post_id", sa.Integer(), nullable=False),
        sa.Column("upto_post_id", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("gone", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_compliance_job_account_id", "compliance_job", ["account_id"], unique=False)
    op.create_table(
        "intake_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("mentions", sa.Integer(), nullable=False),
        sa.Column("own", sa.Integer(), nullable=False),
        sa.Column("reposts", sa.Integer(), nullable=False),
        sa.Column("context", sa.Integer(), nullable=False),
        sa.Column("repeated", sa.Integer(), nullable=False),
        sa.Column("unreadable", sa.Integer(), nullable=False),
        sa.Column("deleted", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("gaps_opened", sa.Integer(), nullable=False),
        sa.Column("gaps_closed", sa.Integer(), nullable=False),
        sa.Column("platform_count", sa.Integer(), nullable=True),
        sa.Column("platform_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "day"),
    )
    op.create_table(
        "lane",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("cursor", sa.String(), nullable=True),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.Column("last_contact_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resume_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "name"),
    )
    op.create_table(
        "listening_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("found_in_week", sa.Integer(), nullable=True),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["ended_by"],
            ["staff_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["staff_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_listening_rule_account_id", "listening_rule", ["account_id"], unique=False)
    op.create_table(
        "spend",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("microdollars", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "day", "endpoint"),
    )
    op.create_index("ix_spend_day", "spend", ["day"], unique=False)
    op.create_table(
        "standing_approval",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("template_key", sa.String(), nullable=False),
        sa.Column("template_version", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("switched_on_by", sa.Integer(), nullable=False),
        sa.Column("switched_on_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("switched_off_by", sa.Integer(), nullable=True),
        sa.Column("switched_off_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["switched_off_by"],
            ["staff_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["switched_on_by"],
            ["staff_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_standing_approval_of", "standing_approval", ["account_id", "template_key", "language"], unique=False
    )
    op.create_table(
        "start_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("service_code", sa.String(), nullable=False),
        sa.Column("address_string", sa.String(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["staff_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token"),
    )
    op.create_index("ix_start_link_account_id", "start_link", ["account_id"], unique=False)
    op.add_column("account", sa.Column("began_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("account", sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("account", sa.Column("key_expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("account", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("author", sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("conversation", sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("conversation", sa.Column("first_contact_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("conversation", sa.Column("person_asked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("conversation", sa.Column("offered", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("gap", sa.Column("refill_cursor", sa.String(), nullable=True))
    op.add_column("gap", sa.Column("refilled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("gap", sa.Column("refilled", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("gap", sa.Column("trouble", sa.String(), nullable=False, server_default=""))
    op.add_column("mention", sa.Column("addressed", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("mention", sa.Column("start_link_id", sa.Integer(), nullable=True))
    op.add_column("post", sa.Column("command", sa.String(), nullable=False, server_default=""))
    op.add_column("post", sa.Column("reply_with", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("post", sa.Column("rule_id", sa.Integer(), nullable=True))
    op.add_column("reply", sa.Column("standing_approval_id", sa.Integer(), nullable=True))
    op.add_column("reply", sa.Column("handed_to", sa.Integer(), nullable=True))
    op.add_column("reply", sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("reply", sa.Column("held_because", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_post_received", "post", ["account_id", "received_at"], unique=False)
    op.create_index(
        "ix_post_deleted",
        "post",
        ["account_id", "deleted_at"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    _count_what_is_stored()


def _count_what_is_stored() -> None:
    """The ledger begins with what earlier versions stored; what they were told twice, nobody counted."""
    zone = " AT TIME ZONE 'UTC'" if op.get_bind().dialect.name == "postgresql" else ""
    op.execute(
        f"""
        INSERT INTO intake_day (account_id, day, delivered, mentions, own, reposts, context, repeated, unreadable,
                                deleted, waiting, gaps_opened, gaps_closed)
        SELECT account_id, day, SUM(mentions + own + reposts + context + unreadable), SUM(mentions), SUM(own),
               SUM(reposts), SUM(context), 0, SUM(unreadable), SUM(deleted), 0, SUM(opened), SUM(closed)
        FROM (
            SELECT account_id, DATE(received_at{zone}) AS day,
                   CASE WHEN kind = 'mention' THEN 1 ELSE 0 END AS mentions,
                   CASE WHEN kind = 'own' AND author_id IS NOT NULL THEN 1 ELSE 0 END AS own,
                   CASE WHEN kind = 'repost' THEN 1 ELSE 0 END AS reposts,
                   CASE WHEN kind = 'context' THEN 1 ELSE 0 END AS context,
                   0 AS unreadable, 0 AS deleted, 0 AS opened, 0 AS closed FROM post
            UNION ALL SELECT account_id, DATE(received_at{zone}), 0, 0, 0, 0, 1, 0, 0, 0 FROM unreadable_post
            UNION ALL SELECT account_id, DATE(deleted_at{zone}), 0, 0, 0, 0, 0, 1, 0, 0 FROM post
                      WHERE deleted_at IS NOT NULL
            UNION ALL SELECT account_id, DATE(noticed_at{zone}), 0, 0, 0, 0, 0, 0, 1, 0 FROM gap
            UNION ALL SELECT account_id, DATE(closed_at{zone}), 0, 0, 0, 0, 0, 0, 0, 1 FROM gap
                      WHERE closed_at IS NOT NULL
        ) AS stored
        GROUP BY account_id, day
        """  # noqa: S608 - nothing of it comes from outside
    )


def downgrade() -> None:
    op.drop_index(
        "ix_post_deleted",
        table_name="post",
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.drop_index("ix_post_received", table_name="post")
    op.drop_column("reply", "held_because")
    op.drop_column("reply", "handed_over_at")
    op.drop_column("reply", "handed_to")
    op.drop_column("post", "rule_id")
    op.drop_column("post", "reply_with")
    op.drop_column("post", "command")
    op.drop_column("mention", "start_link_id")
    op.drop_column("mention", "addressed")
    op.drop_column("gap", "trouble")
    op.drop_column("gap", "refilled")
    op.drop_column("gap", "refilled_at")
    op.drop_column("gap", "refill_cursor")
    op.drop_column("conversation", "offered")
    op.drop_column("conversation", "first_contact_at")
    op.drop_column("conversation", "fetched_at")
    op.drop_column("author", "stopped_at")
    op.drop_column("account", "retired_at")
    op.drop_column("account", "key_expires_at")
    op.drop_column("account", "heard_at")
    op.drop_column("account", "began_at")
    op.drop_index("ix_start_link_account_id", table_name="start_link")
    op.drop_table("start_link")
    op.drop_index("ix_standing_approval_of", table_name="standing_approval")
    op.drop_table("standing_approval")
    op.drop_index("ix_spend_day", table_name="spend")
    op.drop_table("spend")
    op.drop_index("ix_listening_rule_account_id", table_name="listening_rule")
    op.drop_table("listening_rule")
    op.drop_table("lane")
    op.drop_table("intake_day")
    op.drop_index("ix_compliance_job_account_id", table_name="compliance_job")
    op.drop_table("compliance_job")
