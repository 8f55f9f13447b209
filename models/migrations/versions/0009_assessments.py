"""Aims, sealed baselines, assessments, what came of cycles, watches and proposals."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SEALED = "what was sealed or assessed is never changed"
# Table -> what may still be changed: an assessment that is due gets its content once.
KEPT = {"seal": "", "check_decision": "", "cycle_ending": "", "signature": "", "assessment": "OLD.status <> 'due'"}


def upgrade() -> None:
    op.create_table(
        "aim",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cycle_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("indicator", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("indicator_version", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("target", sa.Float(), nullable=True),
        sa.Column("target_on", sa.Date(), nullable=True),
        sa.Column("prediction", sa.Float(), nullable=True),
        sa.Column("prediction_note", sa.Text(), nullable=False),
        sa.Column("baseline_first_on", sa.Date(), nullable=True),
        sa.Column("baseline_last_on", sa.Date(), nullable=True),
        sa.Column("short_baseline_reason", sa.Text(), nullable=False),
        sa.Column("wash_in", sa.Integer(), nullable=False),
        sa.Column("worthwhile", sa.Float(), nullable=True),
        sa.Column("set_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("set_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("wash_in >= 0", name=op.f("ck_aim_wash_in")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_aim_cycle_id_cycle")),
        sa.ForeignKeyConstraint(["set_by"], ["person.id"], name=op.f("fk_aim_set_by_person")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_aim_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aim")),
        sa.UniqueConstraint("cycle_id", name=op.f("uq_aim_cycle_id")),
    )
    op.create_table(
        "assessment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("schedule_key", sqlmodel.sql.sqltypes.AutoString(length=160), nullable=True),
        sa.Column(
            "status",
            sa.Enum("due", "done", "missed", name="assessmentstatus", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("cycle_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("indicator", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("as_of", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("made_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("data_hash", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("engine_version", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("rule_set", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("verdict", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
        sa.Column("confidence", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("too_little", sa.Boolean(), nullable=False),
        sa.Column("needs_signature", sa.Boolean(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.CheckConstraint("(status = 'done') = (verdict IS NOT NULL)", name=op.f("ck_assessment_done")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_assessment_cycle_id_cycle")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_assessment_made_by_person")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_assessment_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        sa.UniqueConstraint("schedule_key", name=op.f("uq_assessment_schedule_key")),
    )
    op.create_index("ix_assessment_cycle_id", "assessment", ["cycle_id"], unique=False)
    op.create_index("ix_assessment_indicator", "assessment", ["indicator", "unit_id", "id"], unique=False)
    op.create_table(
        "check_decision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cycle_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "choice", sa.Enum("extend", "abandon", name="checkchoice", native_enum=False, length=24), nullable=False
        ),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_check_decision_cycle_id_cycle")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_check_decision_decided_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_decision")),
    )
    op.create_index("ix_check_decision_cycle_id", "check_decision", ["cycle_id"], unique=False)
    op.create_table(
        "seal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cycle_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sealed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("sealed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("baseline", sa.Text(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("prediction", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_seal_cycle_id_cycle")),
        sa.ForeignKeyConstraint(["sealed_by"], ["person.id"], name=op.f("fk_seal_sealed_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal")),
        sa.UniqueConstraint("cycle_id", name=op.f("uq_seal_cycle_id")),
    )
    op.create_table(
        "watch",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cycle_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("indicator", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("level_first_on", sa.Date(), nullable=False),
        sa.Column("level_last_on", sa.Date(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_watch_cycle_id_cycle")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_watch_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch")),
        sa.UniqueConstraint("cycle_id", name=op.f("uq_watch_cycle_id")),
    )
    op.create_index("ix_watch_indicator", "watch", ["indicator", "unit_id"], unique=False)
    op.create_table(
        "cycle_ending",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cycle_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "ending",
            sa.Enum("adopt", "adapt", "abandon", "continue", name="ending", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("assessment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("signed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("signed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_cycle_ending_assessment_id_assessment")
        ),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_cycle_ending_cycle_id_cycle")),
        sa.ForeignKeyConstraint(["signed_by"], ["person.id"], name=op.f("fk_cycle_ending_signed_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cycle_ending")),
        sa.UniqueConstraint("cycle_id", name=op.f("uq_cycle_ending_cycle_id")),
    )
    op.create_table(
        "proposal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(length=160), nullable=False),
        sa.Column("cycle_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("assessment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("proposed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_proposal_assessment_id_assessment")
        ),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_proposal_cycle_id_cycle")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
        sa.UniqueConstraint("key", name=op.f("uq_proposal_key")),
    )
    op.create_index("ix_proposal_cycle_id", "proposal", ["cycle_id"], unique=False)
    op.create_table(
        "signature",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("assessment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("signed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("signed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_signature_assessment_id_assessment")
        ),
        sa.ForeignKeyConstraint(["signed_by"], ["person.id"], name=op.f("fk_signature_signed_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature")),
        sa.UniqueConstraint("assessment_id", name=op.f("uq_signature_assessment_id")),
    )
    op.create_table(
        "origin",
        sa.Column(
            "cycle_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("previous_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("adapt", "continue", "signal", name="originkind", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("proposal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_origin_cycle_id_cycle")),
        sa.ForeignKeyConstraint(["previous_id"], ["cycle.id"], name=op.f("fk_origin_previous_id_cycle")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_origin_proposal_id_proposal")),
        sa.PrimaryKeyConstraint("cycle_id", name=op.f("pk_origin")),
    )
    op.create_index("ix_origin_previous_id", "origin", ["previous_id"], unique=False)
    for table, unless in KEPT.items():
        _refuse_changes(table, unless)


def _refuse_changes(table: str, only_when: str) -> None:
    """Let the database itself refuse to change or remove rows."""
    when = f"WHEN ({only_when}) " if only_when else ""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {when}BEGIN SELECT RAISE(ABORT, '{SEALED}'); END"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{SEALED}'); END"
        )
        # REPLACE removes the old row without asking the triggers above.
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, '{SEALED}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{SEALED}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
        f"FOR EACH ROW {when}EXECUTE FUNCTION {table}_refuse()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()"
    )
