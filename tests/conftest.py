"""The named cast and the ground they stand on."""

import os

import pytest
import redis
from django.conf import settings
from django.test import Client, TransactionTestCase
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from messaging.models import Mailbox
from staff.models import Role
from tests import standard
from tests.factories import TeamFactory, UserFactory
from tests.services import await_template, prepare_template

# How long an example takes says how busy the machine is; what a test promises of speed it counts in queries.
hypothesis_settings.register_profile("patient", hypothesis_settings(), deadline=None)
hypothesis_settings.load_profile("patient")


def pytest_sessionstart(session):
    if not hasattr(session.config, "workerinput"):
        prepare_template(dict(os.environ))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix):
    await_template()


@pytest.fixture(scope="session")
def broker():
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


@pytest.fixture(autouse=True)
def _clean_cache(broker):
    # Only this worker's keys: clear() would empty the others' sessions and counters too.
    keys = list(broker.scan_iter(f"{settings.REDIS_PREFIX}*", count=10_000))
    if keys:
        broker.delete(*keys)


@pytest.fixture(autouse=True)
def _language_of_the_product():
    """A page that the test client asked for leaves its reader's language behind in this thread."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session", autouse=True)
def _emptied_after_commits():
    """After a test that commits: `standard.empty` in place of Django's flush."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: standard.empty())
        yield


@pytest.fixture
def ground(db):
    """The standard calendars, tiers, topics and policies."""
    standard.lay_down()


@pytest.fixture
def team(ground):
    team = TeamFactory(name="华东一组")
    Mailbox.objects.create(address="service@desk.example", name="客服中心", team=team, is_default=True)
    return team


@pytest.fixture
def other_team(ground):
    return TeamFactory(name="海外组")


def _member(team, username, name, role):
    return UserFactory(username=username, display_name=name, role=role, team=team)


@pytest.fixture
def agent(team):
    return _member(team, "agent", "李娜", Role.AGENT)


@pytest.fixture
def specialist(team):
    return _member(team, "specialist", "周敏", Role.SPECIALIST)


@pytest.fixture
def lead(team):
    return _member(team, "lead", "王强", Role.LEAD)


@pytest.fixture
def supervisor(team):
    return _member(team, "supervisor", "陈静", Role.SUPERVISOR)


@pytest.fixture
def admin(team):
    user = _member(team, "admin", "管理员", Role.ADMIN)
    user.is_staff = user.is_superuser = True
    user.save()
    return user


@pytest.fixture
def outsider(other_team):
    return _member(other_team, "outsider", "赵敏", Role.AGENT)


@pytest.fixture
def signed_in():
    """signed_in(user) → a test client of that user."""

    def sign_in(user) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in
