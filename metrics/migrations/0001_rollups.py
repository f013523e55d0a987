from django.db import migrations, models

# Fields of a ticket that decide where it is counted. Compared in the trigger's condition, so that an UPDATE of anything
# else calls no function.
STANDING = "({0}.team_id, {0}.owner_id, {0}.kind, {0}.state, {0}.waiting_customer)"
OPENED = "({0}.team_id, {0}.opened_at, {0}.kind, {0}.channel, {0}.first_response_at, {0}.resolved_at)"
CLOSED = "({0}.team_id, {0}.archived_at, {0}.state = 'archived', CASE WHEN {0}.state = 'archived' THEN {0}.owner_id END)"


def changed(fields: str) -> str:
    return f"{fields.format('OLD')} IS DISTINCT FROM {fields.format('NEW')}"


FUNCTIONS = f"""
CREATE FUNCTION metrics_stand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Of a row that comes, OLD is all NULL; of one that goes, NEW is.
    INSERT INTO metrics_standing (team_id, owner_id, kind, state, waiting, n)
    SELECT team_id, CASE WHEN state <> 'archived' THEN owner_id END, kind, state, state <> 'archived' AND waiting, n
    FROM (VALUES
        (OLD.team_id, OLD.owner_id, OLD.kind, OLD.state, OLD.waiting_customer, -1),
        (NEW.team_id, NEW.owner_id, NEW.kind, NEW.state, NEW.waiting_customer, 1)
    ) AS found (team_id, owner_id, kind, state, waiting, n)
    WHERE team_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE FUNCTION metrics_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {changed(OPENED)} THEN
        INSERT INTO metrics_touch (team_id, at)
        SELECT DISTINCT team_id, at
        FROM (VALUES (OLD.team_id, OLD.opened_at), (NEW.team_id, NEW.opened_at)) AS found (team_id, at)
        WHERE at IS NOT NULL;
    END IF;
    IF {changed(CLOSED)} THEN
        INSERT INTO metrics_touch (team_id, at)
        SELECT DISTINCT team_id, at
        FROM (VALUES (OLD.team_id, OLD.archived_at), (NEW.team_id, NEW.archived_at)) AS found (team_id, at)
        WHERE at IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
"""
TRIGGERS = f"""
CREATE TRIGGER stands AFTER INSERT OR DELETE ON tickets_ticket FOR EACH ROW EXECUTE FUNCTION metrics_stand();
CREATE TRIGGER stands_elsewhere AFTER UPDATE ON tickets_ticket FOR EACH ROW
    WHEN ({changed(STANDING)}) EXECUTE FUNCTION metrics_stand();
CREATE TRIGGER touches AFTER INSERT OR DELETE ON tickets_ticket FOR EACH ROW EXECUTE FUNCTION metrics_touch();
CREATE TRIGGER touches_by_change AFTER UPDATE ON tickets_ticket FOR EACH ROW
    WHEN ({changed(OPENED)} OR {changed(CLOSED)}) EXECUTE FUNCTION metrics_touch();
"""
# Behind the triggers, whose lock no change of a ticket passes before this is committed.
COUNT = """
INSERT INTO metrics_standing (team_id, owner_id, kind, state, waiting, n)
SELECT team_id, CASE WHEN state <> 'archived' THEN owner_id END, kind, state, state <> 'archived' AND waiting_customer,
    count(*)
FROM tickets_ticket GROUP BY 1, 2, 3, 4, 5;
"""
UNDO = """
DROP TRIGGER stands ON tickets_ticket;
DROP TRIGGER stands_elsewhere ON tickets_ticket;
DROP TRIGGER touches ON tickets_ticket;
DROP TRIGGER touches_by_change ON tickets_ticket;
DROP FUNCTION metrics_touch();
DROP FUNCTION metrics_stand();
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = [("tickets", "0024_fill_tiers")]
    operations = [
        migrations.CreateModel(
            name="Standing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("team_id", models.BigIntegerField()),
                ("owner_id", models.BigIntegerField(null=True)),
                ("kind", models.CharField(max_length=10)),
                ("state", models.CharField(max_length=16)),
                ("waiting", models.BooleanField()),
                ("n", models.IntegerField()),
            ],
            options={"verbose_name": "standing of tickets", "verbose_name_plural": "standing of tickets"},
        ),
        migrations.CreateModel(
            name="DaySum",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("team_id", models.BigIntegerField()),
                ("begins_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("opened", models.JSONField()),
                ("closed", models.JSONField()),
                ("first_response", models.BinaryField()),
                ("resolution", models.BinaryField()),
            ],
            options={
                "verbose_name": "figures of a day",
                "verbose_name_plural": "figures of days",
                "constraints": [
                    models.UniqueConstraint(fields=("team_id", "begins_at"), name="one_sum_per_team_and_day"),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("begins_at"))), name="day_ends_after_it_began"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Touch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("team_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "touched day",
                "verbose_name_plural": "touched days",
                "indexes": [models.Index(fields=["team_id", "at"], name="touch_by_team")],
            },
        ),
        migrations.RunSQL(FUNCTIONS + TRIGGERS + COUNT, UNDO),
    ]
