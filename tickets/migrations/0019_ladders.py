import django.core.validators
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

from core.append_only import protect


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0007_search'),
        ('messaging', '0007_call_hung_up_by'),
        ('staff', '0003_the_floor'),
        ('tickets', '0018_promises_of_calls'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Acknowledgement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'acknowledgement of an escalation',
                'verbose_name_plural': 'acknowledgements of escalations',
            },
        ),
        migrations.CreateModel(
            name='Act',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('reassign', 'give them the ticket'), ('priority', 'raise the priority'), ('sheet', 'open a complaint sheet')], max_length=8, verbose_name='what')),
                ('done_at', models.DateTimeField(null=True, verbose_name='done at')),
                ('result', models.CharField(blank=True, choices=[('done', 'done'), ('settled', 'no longer needed'), ('refused', 'refused')], max_length=8, verbose_name='result')),
                ('why', models.CharField(blank=True, max_length=200, verbose_name='why')),
            ],
            options={
                'verbose_name': 'act of a rung',
                'verbose_name_plural': 'acts of rungs',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='HistoricalLadder',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('name', models.CharField(db_index=True, max_length=80, verbose_name='name')),
                ('is_standard', models.BooleanField(default=False, help_text='Holds for all policies that name no ladder.', verbose_name='standard')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical escalation ladder',
                'verbose_name_plural': 'historical escalation ladders',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalRung',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1)], verbose_name='position')),
                ('trigger', models.CharField(choices=[('percent', 'at a share of the target'), ('silence', 'when the rung before is not acknowledged in time')], default='percent', max_length=8, verbose_name='when')),
                ('percent', models.PositiveSmallIntegerField(blank=True, help_text='Of the target: 100 is the moment it is missed.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)], verbose_name='at (%)')),
                ('to', models.CharField(choices=[('owner', 'the owner'), ('lead', 'the team lead'), ('supervisor', 'the supervisor'), ('manager', 'the manager (administrator)'), ('next', 'one above the rung before'), ('named', 'the person named here'), ('duty', 'whoever is on duty')], default='lead', max_length=10, verbose_name='who is told')),
                ('ack_within', models.PositiveSmallIntegerField(blank=True, help_text="Working minutes of the promise's own clock. Empty: nobody has to acknowledge.", null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='acknowledge within (minutes)')),
                ('reassigns', models.BooleanField(default=False, verbose_name='give them the ticket')),
                ('raises_priority', models.BooleanField(default=False, verbose_name='raise the priority')),
                ('opens_sheet', models.BooleanField(default=False, help_text='Complaints only.', verbose_name='open a complaint sheet')),
                ('urgent', models.BooleanField(default=True, help_text='Told in quiet hours as well.', verbose_name='urgent')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical rung',
                'verbose_name_plural': 'historical rungs',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='Ladder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True, verbose_name='name')),
                ('is_standard', models.BooleanField(default=False, help_text='Holds for all policies that name no ladder.', verbose_name='standard')),
            ],
            options={
                'verbose_name': 'escalation ladder',
                'verbose_name_plural': 'escalation ladders',
                'ordering': ['-is_standard', 'name'],
            },
        ),
        migrations.CreateModel(
            name='Rung',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1)], verbose_name='position')),
                ('trigger', models.CharField(choices=[('percent', 'at a share of the target'), ('silence', 'when the rung before is not acknowledged in time')], default='percent', max_length=8, verbose_name='when')),
                ('percent', models.PositiveSmallIntegerField(blank=True, help_text='Of the target: 100 is the moment it is missed.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)], verbose_name='at (%)')),
                ('to', models.CharField(choices=[('owner', 'the owner'), ('lead', 'the team lead'), ('supervisor', 'the supervisor'), ('manager', 'the manager (administrator)'), ('next', 'one above the rung before'), ('named', 'the person named here'), ('duty', 'whoever is on duty')], default='lead', max_length=10, verbose_name='who is told')),
                ('ack_within', models.PositiveSmallIntegerField(blank=True, help_text="Working minutes of the promise's own clock. Empty: nobody has to acknowledge.", null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='acknowledge within (minutes)')),
                ('reassigns', models.BooleanField(default=False, verbose_name='give them the ticket')),
                ('raises_priority', models.BooleanField(default=False, verbose_name='raise the priority')),
                ('opens_sheet', models.BooleanField(default=False, help_text='Complaints only.', verbose_name='open a complaint sheet')),
                ('urgent', models.BooleanField(default=True, help_text='Told in quiet hours as well.', verbose_name='urgent')),
            ],
            options={
                'verbose_name': 'rung',
                'verbose_name_plural': 'rungs',
                'ordering': ['ladder', 'position'],
            },
        ),
        migrations.RemoveIndex(
            model_name='slatimer',
            name='timer_climbing',
        ),
        migrations.AddField(
            model_name='escalation',
            name='due_ack_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='slatimer',
            name='acknowledged_level',
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name='slatimer',
            index=models.Index(condition=models.Q(('next_escalation_at__isnull', False), ('stopped_at', None)), fields=['next_escalation_at'], name='timer_on_ladder'),
        ),
        migrations.AddIndex(
            model_name='slatimer',
            index=models.Index(condition=models.Q(('escalation_level__gt', models.F('acknowledged_level')), ('stopped_at', None)), fields=['id'], name='timer_unacknowledged'),
        ),
        migrations.AddField(
            model_name='acknowledgement',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='acknowledgement',
            name='escalation',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='acknowledgement', to='tickets.escalation'),
        ),
        migrations.AddField(
            model_name='act',
            name='escalation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='acts', to='tickets.escalation'),
        ),
        migrations.AddField(
            model_name='act',
            name='ticket',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.ticket'),
        ),
        migrations.AddField(
            model_name='act',
            name='to',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalladder',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalrung',
            name='duty_team',
            field=models.ForeignKey(blank=True, db_constraint=False, help_text="Empty: the ticket's own team.", null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='staff.team', verbose_name='team on duty'),
        ),
        migrations.AddField(
            model_name='historicalrung',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalrung',
            name='person',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='named person'),
        ),
        migrations.AddConstraint(
            model_name='ladder',
            constraint=models.UniqueConstraint(condition=models.Q(('is_standard', True)), fields=('is_standard',), name='one_standard_ladder', violation_error_message='There is already a standard ladder.'),
        ),
        migrations.AddField(
            model_name='historicalrung',
            name='ladder',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tickets.ladder', verbose_name='escalation ladder'),
        ),
        migrations.AddField(
            model_name='historicalslapolicy',
            name='ladder',
            field=models.ForeignKey(blank=True, db_constraint=False, help_text='Empty: the standard one.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tickets.ladder', verbose_name='escalation ladder'),
        ),
        migrations.AddField(
            model_name='slapolicy',
            name='ladder',
            field=models.ForeignKey(blank=True, help_text='Empty: the standard one.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='policies', to='tickets.ladder', verbose_name='escalation ladder'),
        ),
        migrations.AddField(
            model_name='rung',
            name='duty_team',
            field=models.ForeignKey(blank=True, help_text="Empty: the ticket's own team.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='staff.team', verbose_name='team on duty'),
        ),
        migrations.AddField(
            model_name='rung',
            name='ladder',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rungs', to='tickets.ladder', verbose_name='escalation ladder'),
        ),
        migrations.AddField(
            model_name='rung',
            name='person',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='named person'),
        ),
        migrations.AddField(
            model_name='escalation',
            name='rung',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tickets.rung'),
        ),
        migrations.AddIndex(
            model_name='act',
            index=models.Index(condition=models.Q(('done_at', None)), fields=['kind', 'id'], name='act_waiting'),
        ),
        migrations.AddConstraint(
            model_name='act',
            constraint=models.UniqueConstraint(fields=('escalation', 'kind'), name='each_act_once'),
        ),
        migrations.AddConstraint(
            model_name='rung',
            constraint=models.UniqueConstraint(fields=('ladder', 'position'), name='one_rung_per_position', violation_error_message='Two rungs have the same position.'),
        ),
        migrations.AddConstraint(
            model_name='rung',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('percent__isnull', False), ('trigger', 'percent')), models.Q(('percent__isnull', True), ('trigger', 'silence')), _connector='OR'), name='rung_has_one_trigger', violation_error_message='Give a share for “at a share of the target”, and none otherwise.'),
        ),
        migrations.AddConstraint(
            model_name='rung',
            constraint=models.CheckConstraint(condition=models.Q(('to', 'named'), ('person__isnull', True), _connector='XOR'), name='rung_names_a_person_or_none', violation_error_message='Name a person for “the person named here”, and none otherwise.'),
        ),
        protect("tickets_acknowledgement"),
    ]
