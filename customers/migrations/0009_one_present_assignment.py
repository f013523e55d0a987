from django.db import migrations

# Assignments used to have no end; each ended when the next one began.
END_EARLIER = """
UPDATE customers_tierassignment a SET ended_at = n.next_at
FROM (SELECT id, lead(at) OVER (PARTITION BY customer_id ORDER BY id) AS next_at FROM customers_tierassignment) n
WHERE n.id = a.id AND a.ended_at IS NULL AND n.next_at IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0008_scoring_runs")]
    operations = [migrations.RunSQL(END_EARLIER, migrations.RunSQL.noop)]
