"""Gathering the words of the screens, and saying what their translation lacks."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from core import translation


def gathered(text, **options):
    return list(translation.messages_of(text, **options))


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('_("One")', ("One", None)),
        ('gettext_lazy("One " "line")', ("One line", None)),
        ('pgettext_lazy("navigation", "Desk")', ("Desk", "navigation")),
        ('ngettext("%(n)d try", "%(n)d tries", n)', (("%(n)d try", "%(n)d tries"), None)),
        ('npgettext("list", "row", "rows", n)', (("row", "rows"), "list")),
        ('gettext_noop("Later")', ("Later", None)),
    ],
)
def test_python_calls_are_gathered(code, found):
    assert gathered(code) == [found]


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ('<p>{% translate "Save" %}</p>', ("Save", None)),
        ('{% translate "Save" as word %}', ("Save", None)),
        ('{% translate "Close" context "verb" %}', ("Close", "verb")),
        ('{% include "x.html" with title=_("Nothing here") %}', ("Nothing here", None)),
        ('{{ name|default:_("nobody") }}', ("nobody", None)),
        ("{% blocktranslate with n=user.name %}Account: {{ n }}{% endblocktranslate %}", ("Account: %(n)s", None)),
        (
            "{% blocktranslate trimmed %}\n   Two\n   lines\n{% endblocktranslate %}",
            ("Two lines", None),
        ),
        (
            "{% blocktranslate count n=rows|length %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}",
            (("%(n)s row", "%(n)s rows"), None),
        ),
    ],
)
def test_template_tags_are_gathered(template, found):
    assert gathered(template, is_template=True) == [found]


def test_markup_of_any_indentation_is_read_through():
    template = "<ul>\n      <li>it's (</li>\n   {% if x %}\n  {% translate \"Found\" %}\n        {% endif %}\n</ul>"
    assert gathered(template, is_template=True) == [("Found", None)]


CODE = '_("Save")\nngettext("%(n)d row", "%(n)d rows", 2)\n_("Hello {name}")\n'


@pytest.fixture
def project(tmp_path, settings):
    settings.BASE_DIR, settings.LOCALE_PATHS = tmp_path, [tmp_path / "locale"]
    (tmp_path / "desk").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text('_("Not a screen")\n')
    (tmp_path / "desk" / "views.py").write_text(CODE)
    return tmp_path


def catalogue_of(project):
    return project / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


def run(*arguments) -> str:
    out = StringIO()
    call_command("messages", *arguments, stdout=out)
    return out.getvalue()


def fill(project, words):
    path = catalogue_of(project)
    text = path.read_text()
    for msgid, msgstr in words.items():
        before, after = text.split(f'"{msgid}"\n', 1)
        field = "msgstr[0]" if after.startswith("msgid_plural") else "msgstr"
        after = after.replace(f'{field} ""', f'{field} "{msgstr}"', 1)
        text = f'{before}"{msgid}"\n{after}'
    path.write_text(text)


WHOLE = {"Save": "保存", "%(n)d row": "%(n)d 行", "Hello {name}": "{name}，您好"}


def test_a_complete_catalogue_passes_the_check(project):
    run()
    fill(project, WHOLE)
    assert "3 messages, 0 to translate" in run("--check")


def test_an_untouched_project_writes_the_same_bytes_again(project):
    run()
    fill(project, WHOLE)
    run()
    before = catalogue_of(project).read_bytes()
    run()
    assert catalogue_of(project).read_bytes() == before
    assert b"POT-Creation-Date" not in before
    assert b"Not a screen" not in before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Save": ""}, "empty: 'Save'"),
        ({"Hello {name}": "您好"}, "other placeholders: 'Hello {name}'"),
        ({"%(n)d row": "行"}, "other placeholders: '%(n)d row'"),
    ],
)
def test_a_bad_translation_fails_the_check(project, change, said):
    run()
    fill(project, WHOLE | change)
    out = StringIO()
    with pytest.raises(CommandError, match="1 of 3 messages"):
        call_command("messages", "--check", stdout=out)
    assert said in out.getvalue()


def test_a_fuzzy_translation_fails_the_check(project):
    run()
    fill(project, WHOLE)
    path = catalogue_of(project)
    path.write_text(path.read_text().replace('msgid "Save"', '#, fuzzy\nmsgid "Save"'))
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("messages", "--check", stdout=out)
    assert "fuzzy: 'Save'" in out.getvalue()


def test_new_words_are_missing_and_old_ones_stale_until_gathered(project):
    run()
    fill(project, WHOLE)
    (project / "desk" / "views.py").write_text(CODE.replace("Save", "Keep"))
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("messages", "--check", stdout=out)
    assert "missing: 'Keep'" in out.getvalue() and "stale: 'Save'" in out.getvalue()
    run()
    text = catalogue_of(project).read_text()
    assert "Keep" in text and "Save" not in text and "%(n)d 行" in text
