import core.crypto
import datetime
import django.db.models.deletion
import django.utils.timezone
import staff.notice_models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('staff', '0005_seen'),
    ]

    operations = [
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('notification_id', models.BigIntegerField()),
                ('channel', models.CharField(choices=[('mail', 'Mail'), ('webhook', 'Webhook')], max_length=8)),
                ('key', models.CharField(max_length=60, unique=True)),
                ('state', models.CharField(choices=[('queued', 'queued'), ('sending', 'being sent'), ('sent', 'sent'), ('failed', 'failed'), ('dropped', 'dropped')], default='queued', max_length=8)),
                ('due_at', models.DateTimeField()),
                ('claimed_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('why', models.CharField(blank=True, max_length=200)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name': 'notice on its way',
                'verbose_name_plural': 'notices on their way',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='NoticeSettings',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='notice_settings', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('muted', models.JSONField(default=list)),
                ('sound', models.BooleanField(default=False, verbose_name='a short tone for urgent notices')),
                ('zone', models.CharField(default=staff.notice_models.default_zone, max_length=64, verbose_name='time zone')),
                ('digest_at', models.TimeField(default=datetime.time(8, 0), verbose_name='daily mail at')),
                ('is_quiet', models.BooleanField(default=False, verbose_name='quiet hours')),
                ('quiet_from', models.TimeField(default=datetime.time(21, 0), verbose_name='quiet hours from')),
                ('quiet_until', models.TimeField(default=datetime.time(8, 0), verbose_name='quiet hours until')),
                ('quiet_days', models.JSONField(default=staff.notice_models.every_day, verbose_name='quiet on the days')),
            ],
            options={
                'verbose_name': 'notice settings',
                'verbose_name_plural': 'notice settings',
            },
        ),
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('group', models.CharField(choices=[('escalation', 'Escalated to me'), ('promise', 'Promises and steps running out'), ('assignment', 'Work given to me or taken off me'), ('mention', 'Colleagues mention me'), ('customer', 'The customer has written or asks again'), ('watched', 'Tickets I watch'), ('visit', 'Visits'), ('desk', 'The desk itself: announcements, policies, data requests, webhooks')], max_length=12)),
                ('mail', models.CharField(choices=[('off', 'No mail'), ('now', 'At once'), ('hourly', 'Once an hour'), ('daily', 'Once a day')], default='off', max_length=6)),
                ('webhook', models.BooleanField(default=True)),
            ],
            options={
                'verbose_name': 'notice preference',
                'verbose_name_plural': 'notice preferences',
            },
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('url', models.CharField(help_text='Begins with https://; redirects are refused.', max_length=500, verbose_name='address')),
                ('groups', models.JSONField(blank=True, default=list, verbose_name='notices')),
                ('secret', core.crypto.EncryptedTextField(context='webhook.secret', default=staff.notice_models.new_secret, help_text='Signs what is sent: HMAC-SHA256 over the timestamp, a dot and the body.', max_length=200, verbose_name='secret')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('failures', models.PositiveIntegerField(default=0, editable=False, verbose_name='failures in a row')),
                ('paused_at', models.DateTimeField(editable=False, null=True, verbose_name='paused since')),
            ],
            options={
                'verbose_name': 'webhook',
                'verbose_name_plural': 'webhooks',
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='notification',
            name='is_planned',
            field=models.BooleanField(default=True),  # what stands there already has been told
        ),
        migrations.AlterField(
            model_name='notification',
            name='is_planned',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='announcement',
            name='told_at',
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='announcement',
            name='told_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name='announcement',
            index=models.Index(condition=models.Q(('told_at', None)), fields=['starts_at'], name='announcement_untold'),
        ),
        migrations.AddField(
            model_name='notification',
            name='is_urgent',
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('is_planned', False)), fields=['id'], name='notification_unplanned'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(fields=['read_at'], name='notification_read'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='preference',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notice_preferences', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='webhook',
            name='team',
            field=models.ForeignKey(blank=True, help_text='Notices to members of this team only; empty: to everybody.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='webhooks', to='staff.team', verbose_name='team'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='webhook',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='staff.webhook'),
        ),
        migrations.AddConstraint(
            model_name='preference',
            constraint=models.UniqueConstraint(fields=('user', 'group'), name='one_notice_preference_per_group'),
        ),
        migrations.AddConstraint(
            model_name='preference',
            constraint=models.CheckConstraint(condition=models.Q(('group__in', ['escalation', 'promise', 'assignment', 'mention', 'customer', 'watched', 'visit', 'desk'])), name='notice_group_is_known'),
        ),
        migrations.AddConstraint(
            model_name='preference',
            constraint=models.CheckConstraint(condition=models.Q(('mail__in', ['off', 'now', 'hourly', 'daily'])), name='notice_cadence_is_known'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'queued')), fields=['channel', 'due_at'], name='delivery_due'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'sending')), fields=['claimed_at'], name='delivery_under_way'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'sent')), fields=['user', 'ended_at'], name='delivery_sent'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['ended_at'], name='delivery_ended'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('channel__in', ['mail', 'webhook'])), name='delivery_channel_is_known'),
        ),
    ]
