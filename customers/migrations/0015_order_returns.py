import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import core.redaction


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0014_best_tier_first'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='OrderReturn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('originals', core.redaction.OriginalsField(context='originals', editable=False, null=True)),
                ('returned_on', models.DateField(verbose_name='returned on')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=12, verbose_name='paid back')),
                ('reason', core.redaction.FreeCharField(max_length=200, verbose_name='reason')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='returns', to='customers.order')),
            ],
            options={
                'verbose_name': 'return',
                'verbose_name_plural': 'returns',
                'ordering': ['-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gte', 0)), name='a_refund_is_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='ReturnedLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.PositiveIntegerField(validators=[django.core.validators.MinValueValidator(1)], verbose_name='quantity')),
                ('back', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='customers.orderreturn')),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='returned', to='customers.orderline')),
            ],
            options={
                'verbose_name': 'returned product',
                'verbose_name_plural': 'returned products',
                'ordering': ['id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('quantity__gte', 1)), name='something_came_back')],
            },
        ),
        migrations.CreateModel(
            name='OrderSubmission',
            fields=[
                ('key', models.CharField(max_length=80, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='submissions', to='customers.order')),
            ],
            options={
                'verbose_name': 'submitted form',
                'verbose_name_plural': 'submitted forms',
            },
        ),
    ]
