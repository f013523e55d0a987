"""Words ready to use: reply templates."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class ReplyTemplate(models.Model):
    """A reply that agents start from; `{name}`, `{number}` and `{agent}` are filled in."""

    name = models.CharField(_("name"), max_length=80)
    language = models.CharField(_("language"), max_length=10)
    body = models.TextField(_("text"))
    is_active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("reply template")
        verbose_name_plural = _("reply templates")
        ordering = ["language", "name"]

    def __str__(self):
        return self.name
