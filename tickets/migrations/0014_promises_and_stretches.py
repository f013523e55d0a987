import django.core.validators
import django.db.models.deletion
import tickets.sla_models
from django.conf import settings
from django.db import migrations, models

from core.append_only import protect


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0001_initial'),
        ('messaging', '0001_initial'),
        ('tickets', '0013_category_tree'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Pause',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cause', models.CharField(choices=[('customer', 'the customer decides'), ('visit', 'a visit is booked'), ('supplier', 'a supplier has to deliver'), ('other', 'another reason')], max_length=8, verbose_name='cause')),
                ('by_hand', models.BooleanField(default=False, verbose_name='by hand')),
                ('began_at', models.DateTimeField()),
                ('until', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'pause',
                'verbose_name_plural': 'pauses',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Segment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('run', 'counted'), ('pause', 'waited')], max_length=5)),
                ('cause', models.CharField(choices=[('started', 'the promise began'), ('resumed', 'the wait was over'), ('taken_over', 'the sum of earlier stretches'), ('customer', 'the customer decides'), ('visit', 'a visit is booked'), ('supplier', 'a supplier has to deliver'), ('other', 'another reason')], max_length=10)),
                ('began_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField()),
                ('seconds', models.PositiveIntegerField()),
            ],
            options={
                'verbose_name': 'stretch of a timer',
                'verbose_name_plural': 'stretches of timers',
                'ordering': ['id'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='slapolicy',
            name='one_active_policy_per_case',
        ),
        migrations.AddField(
            model_name='breach',
            name='call',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='breaches', to='messaging.call'),
        ),
        migrations.AddField(
            model_name='flowrules',
            name='pause_days',
            field=models.PositiveSmallIntegerField(db_default=5, default=5, help_text='So long may a ticket be paused by hand in all; beyond it the team lead has to consent.', validators=[django.core.validators.MinValueValidator(1)], verbose_name='pauses by hand (working days)'),
        ),
        migrations.AddField(
            model_name='historicalflowrules',
            name='pause_days',
            field=models.PositiveSmallIntegerField(db_default=5, default=5, help_text='So long may a ticket be paused by hand in all; beyond it the team lead has to consent.', validators=[django.core.validators.MinValueValidator(1)], verbose_name='pauses by hand (working days)'),
        ),
        migrations.AddField(
            model_name='historicalslapolicy',
            name='category',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tickets.category', verbose_name='topic'),
        ),
        migrations.AddField(
            model_name='historicalslapolicy',
            name='is_default',
            field=models.BooleanField(db_default=False, default=False, help_text='Holds where no active policy matches a ticket; the administrators are told then.', verbose_name='default'),
        ),
        migrations.AddField(
            model_name='historicalslapolicy',
            name='pauses_for',
            field=models.JSONField(blank=True, help_text='What stops this clock. Empty: a solution waits for everything, a proposal for the customer.', null=True, validators=[tickets.sla_models.check_causes], verbose_name='pauses for'),
        ),
        migrations.AddField(
            model_name='historicalslapolicy',
            name='priority',
            field=models.PositiveSmallIntegerField(blank=True, choices=[(1, 'Urgent'), (2, 'High'), (3, 'Normal'), (4, 'Low')], null=True, verbose_name='priority'),
        ),
        migrations.AddField(
            model_name='historicalslapolicy',
            name='warn_at',
            field=models.PositiveSmallIntegerField(db_default=80, default=80, help_text='Of the target; the owner is told once. 0: no warning.', validators=[django.core.validators.MaxValueValidator(99)], verbose_name='warn at (%)'),
        ),
        migrations.AddField(
            model_name='slapolicy',
            name='category',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tickets.category', verbose_name='topic'),
        ),
        migrations.AddField(
            model_name='slapolicy',
            name='is_default',
            field=models.BooleanField(db_default=False, default=False, help_text='Holds where no active policy matches a ticket; the administrators are told then.', verbose_name='default'),
        ),
        migrations.AddField(
            model_name='slapolicy',
            name='pauses_for',
            field=models.JSONField(blank=True, help_text='What stops this clock. Empty: a solution waits for everything, a proposal for the customer.', null=True, validators=[tickets.sla_models.check_causes], verbose_name='pauses for'),
        ),
        migrations.AddField(
            model_name='slapolicy',
            name='priority',
            field=models.PositiveSmallIntegerField(blank=True, choices=[(1, 'Urgent'), (2, 'High'), (3, 'Normal'), (4, 'Low')], null=True, verbose_name='priority'),
        ),
        migrations.AddField(
            model_name='slapolicy',
            name='warn_at',
            field=models.PositiveSmallIntegerField(db_default=80, default=80, help_text='Of the target; the owner is told once. 0: no warning.', validators=[django.core.validators.MaxValueValidator(99)], verbose_name='warn at (%)'),
        ),
        migrations.AddField(
            model_name='slatimer',
            name='call',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='timers', to='messaging.call'),
        ),
        migrations.AddField(
            model_name='slatimer',
            name='waits_for',
            field=models.CharField(blank=True, choices=[('customer', 'the customer decides'), ('visit', 'a visit is booked'), ('supplier', 'a supplier has to deliver'), ('other', 'another reason')], db_default='', default='', max_length=8),
        ),
        migrations.AddField(
            model_name='slatimer',
            name='warned_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='slatimer',
            name='warns_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='breach',
            name='metric',
            field=models.CharField(choices=[('ring', 'Pick-up'), ('identify', 'Identification'), ('first_response', 'First response'), ('next_response', 'Next response'), ('proposal', 'Proposal'), ('investigation', 'Investigation'), ('resolution', 'Resolution'), ('callback', 'Callback'), ('chaser', 'Reply to a chaser')], max_length=16),
        ),
        migrations.AlterField(
            model_name='breach',
            name='ticket',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='breaches', to='tickets.ticket'),
        ),
        migrations.AlterField(
            model_name='historicalslapolicy',
            name='metric',
            field=models.CharField(choices=[('ring', 'Pick-up'), ('identify', 'Identification'), ('first_response', 'First response'), ('next_response', 'Next response'), ('proposal', 'Proposal'), ('investigation', 'Investigation'), ('resolution', 'Resolution'), ('callback', 'Callback'), ('chaser', 'Reply to a chaser')], max_length=16, verbose_name='promise'),
        ),
        migrations.AlterField(
            model_name='slapolicy',
            name='metric',
            field=models.CharField(choices=[('ring', 'Pick-up'), ('identify', 'Identification'), ('first_response', 'First response'), ('next_response', 'Next response'), ('proposal', 'Proposal'), ('investigation', 'Investigation'), ('resolution', 'Resolution'), ('callback', 'Callback'), ('chaser', 'Reply to a chaser')], max_length=16, verbose_name='promise'),
        ),
        migrations.AlterField(
            model_name='slatimer',
            name='metric',
            field=models.CharField(choices=[('ring', 'Pick-up'), ('identify', 'Identification'), ('first_response', 'First response'), ('next_response', 'Next response'), ('proposal', 'Proposal'), ('investigation', 'Investigation'), ('resolution', 'Resolution'), ('callback', 'Callback'), ('chaser', 'Reply to a chaser')], max_length=16),
        ),
        migrations.AlterField(
            model_name='slatimer',
            name='ticket',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='timers', to='tickets.ticket'),
        ),
        migrations.AddIndex(
            model_name='slatimer',
            index=models.Index(condition=models.Q(('state', 'running'), ('warns_at__isnull', False)), fields=['warns_at'], name='timer_warning'),
        ),
        migrations.AddConstraint(
            model_name='slapolicy',
            constraint=models.UniqueConstraint(condition=models.Q(('is_active', True)), fields=('metric', 'channel', 'kind', 'tier', 'category', 'priority'), name='one_active_policy_per_case', nulls_distinct=False, violation_error_message='There is already an active policy for this case.'),
        ),
        migrations.AddConstraint(
            model_name='slapolicy',
            constraint=models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('metric',), name='one_default_policy_per_promise', violation_error_message='There is already a default policy for this promise.'),
        ),
        migrations.AddConstraint(
            model_name='slatimer',
            constraint=models.CheckConstraint(condition=models.Q(('ticket__isnull', True), ('call__isnull', True), _connector='XOR'), name='timer_of_a_ticket_or_a_call'),
        ),
        migrations.AddConstraint(
            model_name='slatimer',
            constraint=models.UniqueConstraint(condition=models.Q(('call__isnull', False)), fields=('call', 'metric'), name='one_timer_per_call_and_metric'),
        ),
        migrations.AddField(
            model_name='pause',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='pause',
            name='consent_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='pause',
            name='ticket',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pauses', to='tickets.ticket'),
        ),
        migrations.AddField(
            model_name='segment',
            name='timer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='segments', to='tickets.slatimer'),
        ),
        migrations.AddIndex(
            model_name='pause',
            index=models.Index(condition=models.Q(('ended_at', None)), fields=['until'], name='pause_until'),
        ),
        migrations.AddConstraint(
            model_name='pause',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('ticket', 'cause'), name='one_open_pause_per_cause'),
        ),
        migrations.AddConstraint(
            model_name='segment',
            constraint=models.CheckConstraint(condition=models.Q(('ended_at__gte', models.F('began_at'))), name='stretch_ends_after_it_began'),
        ),
        protect("tickets_segment"),
    ]
