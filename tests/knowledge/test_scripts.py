"""Scripts of the standard actions: the team's words first, the standard for what it leaves out."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from knowledge import scripts
from knowledge.models import Script, ScriptLine
from messaging.models import CallStep, OutStep

VALUES = {"company": "客服中心", "agent": "李娜", "subject": "漏水", "customer": "王小雨", "day": "11-20"}


def told(direction, team, language="zh-hans"):
    return scripts.told(direction, team_id=team.pk, language=language, values=VALUES)


def test_every_step_is_said_in_both_languages_and_a_teams_own_words_win_step_by_step(team, other_team):
    for direction, steps in (("in", CallStep), ("out", OutStep)):
        for language in ("zh-hans", "en"):
            assert list(told(direction, team, language)) == steps.values
            assert "{" not in "".join(said.say for said in told(direction, team, language).values())
    own = Script.objects.create(direction="in", language="zh-hans", team=team)
    for position, sentence in ((2, "请讲，{agent}在听。"), (1, "{company}为您服务。")):
        ScriptLine.objects.create(script=own, step="open", position=position, sentence=sentence)
    scripts.forget()
    assert told("in", team)["open"].says == ["客服中心为您服务。", "请讲，李娜在听。"]
    assert told("in", team)["answer"].say == "您的问题主要是漏水，对吗？" == told("in", other_team)["answer"].say
    assert "为您服务" not in told("in", other_team)["open"].say
    Script.objects.filter(pk=own.pk).update(is_active=False)
    scripts.forget()
    assert told("in", team)["open"].say == told("in", other_team)["open"].say


def test_scripts_are_read_with_one_query_and_then_with_none(team):
    for queries in (1, 0):
        with CaptureQueriesContext(connection) as read:
            told("out", team)
        assert len(read) == queries


def test_one_script_a_case_is_active(team):
    with pytest.raises(IntegrityError), transaction.atomic():
        Script.objects.create(direction="in", language="en")
    Script.objects.create(direction="in", language="en", is_active=False)
    assert Script.objects.filter(direction="in", language="en").count() == 2


def test_the_administration_counts_versions_refuses_unknown_blanks_and_previews(client, admin, team):
    client.force_login(admin)
    script = Script.objects.get(direction="in", language="zh-hans", team=None)
    line = script.lines.get(step="open")
    address = reverse("admin:knowledge_script_change", args=[script.pk])
    assert "客服中心" in client.get(address).content.decode()

    def save(step, sentence):
        data = {"direction": "in", "language": "zh-hans", "is_active": "on", "lines-TOTAL_FORMS": 1,
                "lines-INITIAL_FORMS": 1, "lines-0-id": line.pk, "lines-0-script": script.pk, "lines-0-step": step,
                "lines-0-position": 1, "lines-0-sentence": sentence, "lines-0-hint": ""}  # fmt: skip
        return client.post(address, data)

    assert told("in", team)["open"].say.startswith("您好")
    assert "{hotline}" in save("open", "请拨{hotline}").content.decode()
    assert save("explore", "您好").status_code == 200
    assert save("open", "{agent}为您服务").status_code == 302
    script.refresh_from_db()
    assert (script.version, told("in", team)["open"].say) == (2, "李娜为您服务")
