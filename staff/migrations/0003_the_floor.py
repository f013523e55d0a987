import core.redaction
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from core.append_only import protect


class Migration(migrations.Migration):

    dependencies = [
        ('staff', '0002_skills_and_capacity'),
    ]

    operations = [
        migrations.CreateModel(
            name='Absence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField(verbose_name='from')),
                ('ends_at', models.DateTimeField(verbose_name='until')),
                ('kind', models.CharField(choices=[('leave', 'leave'), ('sick', 'sick'), ('training', 'training')], default='leave', max_length=8, verbose_name='kind')),
                ('plan', models.CharField(choices=[('deputy', 'to the deputy'), ('queue', "back to the team's queue"), ('shared', 'shared out among those on duty')], default='queue', max_length=8, verbose_name='their work goes')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('recorded_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('begun_at', models.DateTimeField(editable=False, null=True)),
                ('deputy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='stands_in_for', to=settings.AUTH_USER_MODEL, verbose_name='deputy')),
                ('recorded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='recorded by')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='absences', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'absence',
                'verbose_name_plural': 'absences',
                'ordering': ['-starts_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='Announcement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title_zh', models.CharField(blank=True, max_length=120, verbose_name='title (Chinese)')),
                ('title_en', models.CharField(blank=True, max_length=120, verbose_name='title (English)')),
                ('body_zh', models.TextField(blank=True, max_length=4000, verbose_name='text (Chinese)')),
                ('body_en', models.TextField(blank=True, max_length=4000, verbose_name='text (English)')),
                ('to_all', models.BooleanField(default=False, verbose_name='to all teams')),
                ('starts_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='from')),
                ('ends_at', models.DateTimeField(verbose_name='until')),
                ('must_acknowledge', models.BooleanField(default=False, verbose_name='must be acknowledged')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='author')),
                ('teams', models.ManyToManyField(blank=True, related_name='announcements', to='staff.team', verbose_name='teams')),
            ],
            options={
                'verbose_name': 'announcement',
                'verbose_name_plural': 'announcements',
                'ordering': ['-starts_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='HandOver',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='at')),
                ('until', models.DateTimeField()),
                ('key', models.CharField(max_length=60, unique=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='handed over by')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='hand_overs', to='staff.team', verbose_name='team')),
            ],
            options={
                'verbose_name': 'hand-over',
                'verbose_name_plural': 'hand-overs',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='HandOverLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('originals', core.redaction.OriginalsField(context='originals', editable=False, null=True)),
                ('ticket_id', models.BigIntegerField()),
                ('reasons', models.JSONField(default=list)),
                ('due_at', models.DateTimeField(null=True)),
                ('owner_name', models.CharField(blank=True, max_length=120)),
                ('remark', core.redaction.FreeCharField(blank=True, max_length=300, verbose_name='remark')),
                ('hand_over', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='staff.handover')),
            ],
            options={
                'verbose_name': 'line of a hand-over',
                'verbose_name_plural': 'lines of hand-overs',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='HandOverReceipt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('hand_over', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='receipt', to='staff.handover')),
            ],
            options={
                'verbose_name': 'receipt of a hand-over',
                'verbose_name_plural': 'receipts of hand-overs',
            },
        ),
        migrations.CreateModel(
            name='Receipt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('announcement', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='receipts', to='staff.announcement')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='receipts', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'receipt',
                'verbose_name_plural': 'receipts',
                'ordering': ['at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Shift',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name_zh', models.CharField(max_length=40, verbose_name='name (Chinese)')),
                ('name_en', models.CharField(max_length=40, verbose_name='name (English)')),
                ('starts', models.TimeField(verbose_name='starts')),
                ('ends', models.TimeField(verbose_name='ends')),
                ('colour', models.CharField(choices=[('accent', 'celadon'), ('blue', 'blue'), ('amber', 'amber'), ('violet', 'violet'), ('green', 'green')], default='accent', max_length=8, verbose_name='colour')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shifts', to='staff.team', verbose_name='team')),
            ],
            options={
                'verbose_name': 'shift',
                'verbose_name_plural': 'shifts',
                'ordering': ['team', 'starts', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='handover',
            name='shift',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='staff.shift', verbose_name='shift'),
        ),
        migrations.CreateModel(
            name='Duty',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('date', models.DateField(verbose_name='day')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='duties', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ('shift', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='duties', to='staff.shift', verbose_name='shift')),
            ],
            options={
                'verbose_name': 'duty',
                'verbose_name_plural': 'duties',
                'ordering': ['date', 'shift', 'user'],
            },
        ),
        migrations.CreateModel(
            name='Transfer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('plan', models.CharField(choices=[('deputy', 'to the deputy'), ('queue', "back to the team's queue"), ('shared', 'shared out among those on duty')], max_length=8)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('rows', models.JSONField(default=list)),
                ('undone_at', models.DateTimeField(null=True)),
                ('kept', models.JSONField(default=list)),
                ('absence', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='transfers', to='staff.absence')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='transfers', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'transfer',
                'verbose_name_plural': 'transfers',
                'ordering': ['-pk'],
            },
        ),
        migrations.AddIndex(
            model_name='absence',
            index=models.Index(fields=['ends_at', 'starts_at'], name='absence_by_end'),
        ),
        migrations.AddConstraint(
            model_name='absence',
            constraint=models.CheckConstraint(condition=models.Q(('starts_at__lt', models.F('ends_at'))), name='absence_has_a_length'),
        ),
        migrations.AddConstraint(
            model_name='absence',
            constraint=models.CheckConstraint(condition=models.Q(('deputy', models.F('user')), _negated=True), name='nobody_is_their_own_deputy'),
        ),
        migrations.AddIndex(
            model_name='announcement',
            index=models.Index(fields=['ends_at', 'starts_at'], name='announcement_by_end'),
        ),
        migrations.AddConstraint(
            model_name='announcement',
            constraint=models.CheckConstraint(condition=models.Q(('starts_at__lt', models.F('ends_at'))), name='announcement_has_a_length'),
        ),
        migrations.AddConstraint(
            model_name='announcement',
            constraint=models.CheckConstraint(condition=models.Q(('title_en', ''), ('title_zh', ''), _negated=True), name='announcement_has_a_title'),
        ),
        migrations.AddIndex(
            model_name='handoverline',
            index=models.Index(fields=['ticket_id'], name='hand_over_line_by_ticket'),
        ),
        migrations.AddConstraint(
            model_name='receipt',
            constraint=models.UniqueConstraint(fields=('announcement', 'user'), name='one_receipt_per_reader'),
        ),
        migrations.AddConstraint(
            model_name='shift',
            constraint=models.UniqueConstraint(fields=('team', 'name_zh'), name='one_shift_per_team_and_name'),
        ),
        migrations.AddConstraint(
            model_name='shift',
            constraint=models.CheckConstraint(condition=models.Q(('starts', models.F('ends')), _negated=True), name='shift_has_a_length'),
        ),
        migrations.AddIndex(
            model_name='handover',
            index=models.Index(fields=['team', '-id'], name='hand_over_by_team'),
        ),
        migrations.AddIndex(
            model_name='duty',
            index=models.Index(fields=['date', 'shift'], name='duty_by_day'),
        ),
        migrations.AddConstraint(
            model_name='duty',
            constraint=models.UniqueConstraint(fields=('user', 'date', 'shift'), name='one_duty_per_day_and_shift'),
        ),
        protect("staff_receipt"),
        protect("staff_handover"),
        protect("staff_handoverline"),
        protect("staff_handoverreceipt"),
    ]
