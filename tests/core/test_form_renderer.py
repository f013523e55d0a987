"""Widgets drawn in Python say what Django's templates say."""

from datetime import UTC, date, datetime

import pytest
from django import forms
from django.forms.renderers import TemplatesSetting
from django.test.html import parse_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from core.form_renderer import DRAWN, Renderer

NASTY = """a<b> & "c" 'd' 退款"""
CHOICES = [("", _("Save")), (7, 12345.5), ("x", NASTY), ("safe", mark_safe("<b>bold</b>")), ("Group", [("y", "Why")])]
WIDGETS = [
    (forms.TextInput({"required": True, "disabled": False, "data-n": 3, "title": NASTY}), NASTY),
    (forms.TextInput(), None), (forms.NumberInput({"min": 1}), 1234567), (forms.EmailInput(), "a@b.example"),
    (forms.HiddenInput(), ""), (forms.PasswordInput(render_value=True), "s"), (forms.URLInput(), "https://a.example"),
    (forms.DateInput(), date(2026, 11, 22)), (forms.DateTimeInput(), datetime(2026, 11, 22, 9, 30, tzinfo=UTC)),
    (forms.TimeInput(), "09:30"), (forms.CheckboxInput(), True), (forms.CheckboxInput(), False),
    (forms.Textarea({"rows": 2}), f"\n{NASTY}\n"), (forms.Textarea(), None), (forms.Textarea(), 1234.5),
    (forms.Select(choices=CHOICES), "7"), (forms.Select({"autofocus": True}, choices=CHOICES), NASTY),
    (forms.SelectMultiple(choices=CHOICES), ["x", "y"]), (forms.RadioSelect(choices=CHOICES), "x"),
]


@pytest.mark.parametrize(("widget", "value"), WIDGETS, ids=lambda one: type(one).__name__)
def test_every_widget_says_what_its_template_says(widget, value):
    ours = widget.render(NASTY, value, {"id": "it"}, Renderer())
    theirs = widget.render(NASTY, value, {"id": "it"}, TemplatesSetting())

    assert parse_html(ours) == parse_html(theirs)


def test_every_kind_that_is_drawn_here_is_compared_above():
    assert {widget.template_name for widget, _value in WIDGETS} >= DRAWN.keys()


def test_a_select_whose_options_have_a_template_of_their_own_is_left_to_it():
    class Own(forms.Select):
        option_template_name = "django/forms/widgets/checkbox_option.html"

    drawn = Own(choices=[("a", "A")]).render("n", "a", {}, Renderer())

    assert "<label" in drawn
