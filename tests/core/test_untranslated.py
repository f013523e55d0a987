"""No word of the screens stands outside gettext, and no Chinese stands in the code outside the catalogue."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType

from core import translation

ROOT = Path(__file__).resolve().parents[2]
SPOKEN = {"title", "aria-label", "aria-description", "placeholder", "alt", "label", "data-confirm"}
SILENT = {"script", "style", "kbd", "code"}
# The same in every language: signs before numbers, units of measure, names of classes in a block.
NEUTRAL = re.compile(
    r"\b(?:n =|T-|K-|C-|S =|h|min|s|px|v|p50|p90|EN|English|CSV|XLSX|vs|ID|IP|UTC"
    r"|[lcu]-[a-z_-]+|name@example\.com)(?![A-Za-z])"
)
HAN = re.compile(r"[\u3401-\u9ffe]")
# Words of the domain that are data: word lists, standard rows, demonstration, numbers and masks of the language itself.
CHINESE_BY_TRADE = (
    "defaults.py",
    "formats.py",
    "desk/demo/",
    "core/cjk.py", "core/day_file.py", "core/masking.py", "core/phones.py", "core/pseudonyms.py", "core/statutory.py",
    "crm_project/settings.py",  # languages are named in themselves
    "desk/mail_intake.py",  # the one word that takes back consent
    "customers/lookup.py",  # how an extension is written
    "desk/query_language.py", "desk/search_page.py",  # conditions as they are typed
    "customers/transfer/fields.py",  # headings of other people's files
    "messaging/mail/",
    "tickets/classification.py",
)  # fmt: skip


class Words(HTMLParser):
    """Letters that a page would show or speak as they stand, save in an element that names its own language."""

    def __init__(self):
        super().__init__()
        self.found, self.open = [], []

    def handle_starttag(self, tag, attrs):
        named = any(name == "lang" and value and "0" not in value for name, value in attrs)
        if not named:
            self.found += [value for name, value in attrs if name in SPOKEN and value and letters(value)]
        if tag not in {"input", "br", "img", "link", "meta", "hr", "path", "circle", "rect"}:
            self.open.append((tag, named))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if letters(data) and not any(named or tag in SILENT for tag, named in self.open):
            self.found.append(data.strip())


def letters(text: str) -> bool:
    return any(sign.isalpha() for sign in NEUTRAL.sub("", text))


def markup(template: str) -> str:
    """The template without its tags: what a variable would fill in reads 0."""
    pieces, until = [], None
    for token in Lexer(template).tokenize():
        if token.token_type == TokenType.BLOCK:
            word = token.contents.split()[0] if token.contents.split() else ""
            if until:
                until = None if word == until else until
            elif word in ("comment", "blocktranslate", "blocktrans"):
                until = f"end{word}"
        elif not until:
            pieces.append("0" if token.token_type == TokenType.VAR else "")
            pieces[-1] = token.contents if token.token_type == TokenType.TEXT else pieces[-1]
    return re.sub(r"(</?)0", r"\1p", "".join(pieces))


def bare_words(template: str) -> list[str]:
    parser = Words()
    parser.feed(markup(template))
    parser.close()
    return parser.found


@pytest.mark.parametrize(
    "template",
    [
        "<p>Hello</p>",
        '<a title="Open it">0</a>',
        "<p>{% if x %}Yes{% endif %}</p>",
        "<p>{{ n }} tickets</p>",
        '<button aria-label="Close">×</button>',
    ],
)
def test_a_bare_word_is_found(template):
    assert bare_words(template)


@pytest.mark.parametrize(
    "template",
    [
        '<p>{% translate "Hello" %}</p>',
        "<p>{% blocktranslate %}Hello <b>you</b>{% endblocktranslate %}</p>",
        "{# Hello #}{% comment %}Hello{% endcomment %}",
        '<a href="/x" class="c-chip">T-{{ pk }}</a>',
        "<kbd>Ctrl</kbd> n = {{ n }}",
        '<button lang="zh-Hans" aria-label="切换到中文">中文</button>',
    ],
)
def test_what_is_translated_or_neutral_is_not(template):
    assert bare_words(template) == []


def test_no_template_shows_a_word_outside_gettext():
    bare = {
        path.relative_to(ROOT).as_posix(): words
        for path in translation.sources(ROOT / "templates")
        if (words := bare_words(path.read_text(encoding="utf-8")))
    }
    assert bare == {}


def spoken_constants(tree: ast.AST):
    """Strings given to a label, an error or a message as they stand."""
    for call in [node for node in ast.walk(tree) if isinstance(node, ast.Call)]:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        owner = getattr(getattr(call.func, "value", None), "id", "")
        said = [key.value for key in call.keywords if key.arg in ("label", "help_text", "verbose_name", "description")]
        if name == "ValidationError":
            said += call.args[:1]
        if owner == "messages" and name in ("success", "info", "warning", "error"):
            said += call.args[1:2]
        for value in said:
            if isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Constant) and isinstance(value.value, str)):
                text = ast.unparse(value)
                if letters(text[1:].replace("{", " ")):
                    yield value.lineno, text


def test_no_label_error_or_message_is_said_outside_gettext():
    said = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in translation.sources(ROOT)
        if path.suffix == ".py" and "management" not in path.parts
        for line, text in spoken_constants(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert said == []


def test_a_label_outside_gettext_is_found():
    tree = ast.parse('forms.CharField(label="Name"); messages.error(request, f"No {x}"); ValidationError(_("Fine"))')
    assert [text for _line, text in spoken_constants(tree)] == ["'Name'", "f'No {x}'"]


def strings_of(path: Path) -> str:
    """What a file says when it runs: strings that are no docstrings, markup and scripts without comments."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".js":
        return re.sub(r"/\*.*?\*/|(?m:^|\s)//[^\n]*", "", text, flags=re.DOTALL)
    if path.suffix != ".py":
        return re.sub(r'<[^>]*\blang="zh-Hans"[^>]*>[^<]*', "", markup(text))
    tree = ast.parse(text)
    documents = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return "\n".join(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents
    )


def test_no_chinese_stands_in_the_code():
    scripts = [path for path in sorted((ROOT / "static").rglob("*.js")) if "vendor" not in path.parts]
    found = {}
    for path in [*translation.sources(ROOT), *scripts]:
        place = path.relative_to(ROOT).as_posix()
        if not any(part in place for part in CHINESE_BY_TRADE) and (han := HAN.findall(strings_of(path))):
            found[place] = "".join(han)[:40]
    assert found == {}
