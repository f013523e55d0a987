import core.crypto
import core.redaction
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0007_search'),
        ('staff', '0002_skills_and_capacity'),
        ('tickets', '0011_snooze_and_bulk'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='KindStandard',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('delivery', 'Delivery'), ('installation', 'Installation'), ('repair', 'Repair')], max_length=12, unique=True, verbose_name='kind')),
                ('minutes', models.PositiveSmallIntegerField(default=90, validators=[django.core.validators.MinValueValidator(10), django.core.validators.MaxValueValidator(720)], verbose_name='minutes')),
            ],
            options={
                'verbose_name': 'standard duration',
                'verbose_name_plural': 'standard durations',
                'ordering': ['kind'],
            },
        ),
        migrations.CreateModel(
            name='HistoricalKindStandard',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('kind', models.CharField(choices=[('delivery', 'Delivery'), ('installation', 'Installation'), ('repair', 'Repair')], db_index=True, max_length=12, verbose_name='kind')),
                ('minutes', models.PositiveSmallIntegerField(default=90, validators=[django.core.validators.MinValueValidator(10), django.core.validators.MaxValueValidator(720)], verbose_name='minutes')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical standard duration',
                'verbose_name_plural': 'historical standard durations',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalTechnician',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('areas', models.CharField(blank=True, help_text='Words of addresses, separated by commas; empty: everywhere.', max_length=200, verbose_name='areas')),
                ('per_day', models.PositiveSmallIntegerField(default=6, validators=[django.core.validators.MinValueValidator(1)], verbose_name='visits a day')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('calendar', models.ForeignKey(blank=True, db_constraint=False, help_text='Empty: the standard calendar.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='core.workcalendar', verbose_name='working time')),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='staff.team', verbose_name='team')),
                ('user', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'historical technician',
                'verbose_name_plural': 'historical technicians',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='Technician',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('areas', models.CharField(blank=True, help_text='Words of addresses, separated by commas; empty: everywhere.', max_length=200, verbose_name='areas')),
                ('per_day', models.PositiveSmallIntegerField(default=6, validators=[django.core.validators.MinValueValidator(1)], verbose_name='visits a day')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('calendar', models.ForeignKey(blank=True, help_text='Empty: the standard calendar.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.workcalendar', verbose_name='working time')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='technicians', to='staff.team', verbose_name='team')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='technician', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'technician',
                'verbose_name_plural': 'technicians',
                'ordering': ['team', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Visit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('originals', core.redaction.OriginalsField(context='originals', editable=False, null=True)),
                ('kind', models.CharField(choices=[('delivery', 'Delivery'), ('installation', 'Installation'), ('repair', 'Repair')], max_length=12, verbose_name='kind')),
                ('state', models.CharField(choices=[('requested', 'to be dispatched'), ('dispatched', 'dispatched'), ('appointed', 'appointment agreed'), ('on_way', 'on the way'), ('arrived', 'arrived'), ('completed', 'completed'), ('failed', 'failed, new appointment needed'), ('cancelled', 'visit cancelled')], default='requested', max_length=12, verbose_name='state')),
                ('task', core.redaction.FreeCharField(blank=True, max_length=400, verbose_name='what is to be done')),
                ('address', core.crypto.EncryptedTextField(verbose_name='address')),
                ('address_masked', models.CharField(blank=True, editable=False, max_length=120)),
                ('contact_name', core.redaction.FreeCharField(blank=True, max_length=80, verbose_name='contact person')),
                ('phone', core.crypto.EncryptedTextField(blank=True, verbose_name='telephone')),
                ('phone_masked', models.CharField(blank=True, editable=False, max_length=40)),
                ('starts_at', models.DateTimeField(blank=True, null=True, verbose_name='from')),
                ('ends_at', models.DateTimeField(blank=True, null=True, verbose_name='until')),
                ('offered_at', models.DateTimeField(blank=True, null=True)),
                ('clock_waits', models.BooleanField(default=False)),
                ('failure', models.CharField(blank=True, choices=[('nobody_home', 'Nobody was at home'), ('parts_missing', 'Parts are missing'), ('customer', 'The customer called it off'), ('other', 'Another reason')], max_length=14, verbose_name='why it failed')),
                ('requested_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('dispatched_at', models.DateTimeField(blank=True, null=True)),
                ('appointed_at', models.DateTimeField(blank=True, null=True)),
                ('set_out_at', models.DateTimeField(blank=True, null=True)),
                ('arrived_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('late_at', models.DateTimeField(blank=True, null=True)),
                ('reminded_for', models.DateTimeField(blank=True, null=True)),
                ('key', models.CharField(blank=True, editable=False, max_length=40)),
                ('requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('technician', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='visits.technician', verbose_name='technician')),
                ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='tickets.ticket', verbose_name='ticket')),
            ],
            options={
                'verbose_name': 'visit',
                'verbose_name_plural': 'visits',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Slip',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('originals', core.redaction.OriginalsField(context='originals', editable=False, null=True)),
                ('version', models.PositiveSmallIntegerField(default=1)),
                ('work', core.redaction.FreeTextField(verbose_name='work done')),
                ('parts', core.redaction.FreeTextField(blank=True, verbose_name='parts used')),
                ('charges', models.DecimalField(decimal_places=2, default=0, max_digits=10, validators=[django.core.validators.MinValueValidator(0)], verbose_name='charges')),
                ('result', models.CharField(choices=[('done', 'Done'), ('partly', 'Partly done, another visit is needed'), ('not_done', 'Could not be done')], max_length=10, verbose_name='result')),
                ('arrived_at', models.DateTimeField(verbose_name='arrived at')),
                ('left_at', models.DateTimeField(verbose_name='left at')),
                ('signed_by', core.redaction.FreeCharField(blank=True, max_length=80, verbose_name="customer's name as signed")),
                ('signed_how', models.CharField(choices=[('paper', 'signed on paper'), ('device', 'signed on the device'), ('phone', 'confirmed by telephone'), ('refused', 'signature refused')], max_length=8, verbose_name='confirmed how')),
                ('satisfaction', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)], verbose_name="customer's satisfaction")),
                ('opinion', core.redaction.FreeTextField(blank=True, verbose_name="customer's opinion")),
                ('correction', core.redaction.FreeCharField(blank=True, max_length=200, verbose_name='why it is corrected')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('visit', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='slips', to='visits.visit')),
            ],
            options={
                'verbose_name': 'completion slip',
                'verbose_name_plural': 'completion slips',
                'ordering': ['-version'],
            },
        ),
        migrations.CreateModel(
            name='Appointment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('originals', core.redaction.OriginalsField(context='originals', editable=False, null=True)),
                ('starts_at', models.DateTimeField(verbose_name='from')),
                ('ends_at', models.DateTimeField(verbose_name='until')),
                ('reason', core.redaction.FreeCharField(blank=True, max_length=200, verbose_name='reason')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('technician', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='visits.technician', verbose_name='technician')),
                ('visit', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='appointments', to='visits.visit')),
            ],
            options={
                'verbose_name': 'appointment',
                'verbose_name_plural': 'appointments',
                'ordering': ['-id'],
            },
        ),
        migrations.AddIndex(
            model_name='visit',
            index=models.Index(fields=['starts_at', 'id'], name='visit_by_start'),
        ),
        migrations.AddIndex(
            model_name='visit',
            index=models.Index(condition=models.Q(('state__in', ['requested', 'failed'])), fields=['id'], name='visit_to_be_dispatched'),
        ),
        migrations.AddIndex(
            model_name='visit',
            index=models.Index(condition=models.Q(('state__in', ['appointed', 'on_way'])), fields=['ends_at'], name='visit_under_way_by_end'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['delivery', 'installation', 'repair'])), name='visit_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['requested', 'dispatched', 'appointed', 'on_way', 'arrived', 'completed', 'failed', 'cancelled'])), name='visit_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['dispatched', 'appointed', 'on_way', 'arrived']), _negated=True), models.Q(('ends_at__isnull', False), ('starts_at__isnull', False), ('technician__isnull', False)), _connector='OR'), name='a_dispatched_visit_has_technician_and_window'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ends_at__isnull', True), ('starts_at__isnull', True)), ('starts_at__lt', models.F('ends_at')), _connector='OR'), name='a_window_ends_after_it_begins'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.UniqueConstraint(condition=models.Q(('key', ''), _negated=True), fields=('ticket', 'key'), name='a_form_plans_one_visit'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('state__in', ['dispatched', 'appointed', 'on_way', 'arrived'])), expressions=[(models.Func(models.F('technician'), models.F('technician'), models.Value('[]'), function='int8range'), '&&'), (models.Func(models.F('starts_at'), models.F('ends_at'), django.contrib.postgres.fields.ranges.RangeBoundary(), function='tstzrange'), '&&')], name='a_technician_is_at_one_place'),
        ),
        migrations.AddConstraint(
            model_name='slip',
            constraint=models.UniqueConstraint(fields=('visit', 'version'), name='one_slip_per_version'),
        ),
        migrations.AddConstraint(
            model_name='slip',
            constraint=models.CheckConstraint(condition=models.Q(('left_at__gte', models.F('arrived_at'))), name='nobody_leaves_before_arriving'),
        ),
        migrations.AddConstraint(
            model_name='slip',
            constraint=models.CheckConstraint(condition=models.Q(('charges__gte', 0)), name='charges_are_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='slip',
            constraint=models.CheckConstraint(condition=models.Q(('satisfaction__isnull', True), ('satisfaction__range', (1, 5)), _connector='OR'), name='satisfaction_of_five'),
        ),
    ]
