"""Schema, translations and settings are made ready, or refused in one line."""

import gettext
import os

import pytest

from crm_project.launch import preparation
from crm_project.launch.errors import LaunchError

KNOWN = {("tickets", "0001_initial"), ("tickets", "0002_timers"), ("core", "0001_initial")}
CATALOGUE = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Ticket"\nmsgstr "工单"\n'


def test_a_database_of_a_newer_version_is_recognised():
    assert preparation.unknown_migrations(KNOWN | {("tickets", "0003_holds")}, KNOWN) == ["tickets.0003_holds"]


def test_a_database_of_another_branch_is_recognised():
    assert preparation.unknown_migrations({("tickets", "0002_other")}, KNOWN) == ["tickets.0002_other"]


def test_an_older_database_and_rows_of_removed_apps_are_no_alarm():
    older = {("tickets", "0001_initial"), ("tickets", "0001_squashed_away"), ("gone", "0009_last")}
    assert preparation.unknown_migrations(older, KNOWN) == []


@pytest.mark.django_db
def test_a_newer_database_stops_the_start_and_stays_as_it_is():
    from django.db.migrations.recorder import MigrationRecorder

    MigrationRecorder.Migration.objects.create(app="tickets", name="9999_tomorrow")
    with pytest.raises(LaunchError, match=r"newer version \(it has tickets.9999_tomorrow.* Nothing was changed"):
        preparation.migrate()


@pytest.fixture
def catalogue(tmp_path):
    source = tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text(CATALOGUE, encoding="utf-8")
    return source


def test_translations_are_compiled_without_gettext(catalogue, tmp_path):
    assert preparation.compile_translations(tmp_path) == 1
    with catalogue.with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Ticket") == "工单"


def test_translations_are_compiled_again_only_when_they_changed(catalogue, tmp_path):
    preparation.compile_translations(tmp_path)
    assert preparation.compile_translations(tmp_path) == 0
    later = catalogue.with_suffix(".mo").stat().st_mtime + 5
    os.utime(catalogue, (later, later))
    assert preparation.compile_translations(tmp_path) == 1


def test_a_broken_catalogue_is_named(catalogue, tmp_path):
    catalogue.write_text('msgid "half\n', encoding="utf-8")
    with pytest.raises(LaunchError, match=r"django\.po cannot be read"):
        preparation.compile_translations(tmp_path)
