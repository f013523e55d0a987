"""The Chinese of the screens: punctuated as Chinese, spaced where Latin letters or figures stand in it."""

import re

import pytest
from django.conf import settings

from core import translation

HAN = r"[\u3400-\u9fff]"
CLOSE = re.compile(rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9]{HAN}")
HALF_WIDTH = re.compile(rf"{HAN}\s*[,;:?!()]|[,;:?!()]\s*{HAN}|{HAN}\.")
# %(n)s and {n} are filled with something, of which nothing is known here.
FILLED = re.compile(r"%\([a-z_]+\)[sdf]|\{[a-z_]*\}|%[sd]")


@pytest.fixture(scope="module")
def catalogue():
    return translation.read(settings.LOCALE_PATHS[0] / "zh_Hans" / "LC_MESSAGES" / "django.po")


def texts(catalogue):
    for message in catalogue:
        if message.id:
            yield message.string if isinstance(message.string, str) else message.string[0]


def test_punctuation_is_full_width(catalogue):
    assert [text for text in texts(catalogue) if HALF_WIDTH.search(FILLED.sub("", text))] == []


def test_latin_letters_and_figures_stand_apart(catalogue):
    assert [text for text in texts(catalogue) if CLOSE.search(FILLED.sub("\N{NO-BREAK SPACE}", text))] == []
