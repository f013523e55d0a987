"""The time to the supervisor that each policy had becomes a ladder: one for each distinct time, the usual one standard."""

from collections import Counter

from django.db import migrations

OPEN = """
UPDATE tickets_escalation e SET due_ack_at = t.next_escalation_at FROM tickets_slatimer t
WHERE t.id = e.timer_id AND e.level = t.escalation_level AND t.stopped_at IS NULL AND t.next_escalation_at IS NOT NULL
"""
USUAL = 1800
MANAGER_AFTER = 480  # minutes


def lay(apps, schema_editor):
    """Where there are no policies yet, the defaults bring the standard ladder along."""
    Policy = apps.get_model("tickets", "SLAPolicy")
    Ladder, Rung = apps.get_model("tickets", "Ladder"), apps.get_model("tickets", "Rung")
    counted = Counter(Policy.objects.values_list("supervisor_after", flat=True))
    if not counted:
        return
    usual = USUAL if USUAL in counted else counted.most_common(1)[0][0]
    for seconds in sorted(counted):
        minutes = min(max(-(-seconds // 60), 1), 32767)
        standard = seconds == usual
        name = "标准升级路径 · Standard ladder" if standard else f"主管 {seconds} 秒后 · Supervisor after {seconds} s"
        ladder = Ladder.objects.create(name=name, is_standard=standard)
        Rung.objects.create(ladder=ladder, position=1, trigger="percent", percent=100, to="lead", ack_within=minutes)
        Rung.objects.create(
            ladder=ladder, position=2, trigger="silence", to="supervisor", ack_within=MANAGER_AFTER if standard else None
        )
        if standard:
            Rung.objects.create(ladder=ladder, position=3, trigger="silence", to="manager")
        else:
            Policy.objects.filter(supervisor_after=seconds).update(ladder=ladder)
    with schema_editor.connection.cursor() as cursor:
        # What has begun to climb goes on at its time.
        cursor.execute("SELECT set_config('desk.rewriting', 'erasure', true)")
        cursor.execute(OPEN)
        cursor.execute("SELECT set_config('desk.rewriting', '', true)")


def back(apps, schema_editor):
    """Each policy gets the time of the first rung that asks for an acknowledgement, to the minute."""
    Policy = apps.get_model("tickets", "SLAPolicy")
    Rung = apps.get_model("tickets", "Rung")
    asked = Rung.objects.filter(ack_within__isnull=False).order_by("ladder", "-position")
    minutes = dict(asked.values_list("ladder", "ack_within"))
    standard = asked.filter(ladder__is_standard=True).order_by("position").values_list("ack_within", flat=True).first()
    for policy in Policy.objects.all():
        policy.supervisor_after = 60 * (minutes.get(policy.ladder_id) or standard or USUAL // 60)
        policy.save(update_fields=["supervisor_after"])
    Policy.objects.update(ladder=None)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0019_ladders"), ("core", "0003_append_only")]
    operations = [migrations.RunPython(lay, back)]
