"""The composer: drafts, wording, templates, articles, files and mentions as its pages ask for them."""

import json
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.models import Event
from desk import composer
from knowledge.models import Article, ReplyTemplate, WordingRule
from messaging import files
from messaging.models import Attachment, Outbox
from staff.models import Notification
from tests.factories import CustomerFactory, TeamFactory, TicketFactory, UserFactory
from tickets import conversation, drafts, mentions
from tickets.draft_models import Draft, DraftFile
from tickets.models import Post

HTMX = {"HX-Request": "true"}
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
TEXT = "您好，师傅 16:30 上门更换滤芯。"


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234", email="wang@mail.example")


@pytest.fixture
def ticket(customer, agent):
    return TicketFactory(customer=customer, owner=agent, subject="净水机滤芯漏水")


def url(name, ticket, *more):
    return reverse(f"desk:{name}", args=[ticket.pk, *more])


def later(**delta):
    return timezone.localtime(timezone.now() + timedelta(**delta)).strftime("%Y-%m-%dT%H:%M")


def keep(client, ticket, body, kind="reply", version=0, **fields):
    return client.post(url("ticket_draft", ticket, kind), {"body": body, "version": version, **fields})


def send(client, ticket, **fields):
    fields = {"body": TEXT, "next_update_at": later(hours=2), "key": "k1", **fields}
    return client.post(url("ticket_reply", ticket), fields, headers=HTMX)


def add(client, ticket, name, content=PNG):
    return client.post(
        url("ticket_files", ticket), data=content, content_type="application/octet-stream",
        headers={"X-File-Name": name},
    )


# --- Drafts -----------------------------------------------------------------------------------------------


def test_a_draft_comes_back_on_any_computer_with_its_time(signed_in, agent, ticket):
    due = later(hours=2)
    answer = keep(signed_in(agent), ticket, TEXT, next_update_at=due, wait="on").json()
    assert (answer["version"], answer["note"][:11]) == (1, "Draft kept ")
    html = signed_in(agent).get(url("ticket", ticket)).content.decode()
    assert TEXT in html and f'value="{due}"' in html and 'name="wait" checked' in html and 'data-version="1"' in html


def test_an_older_window_gets_both_versions_and_nothing_is_overwritten(signed_in, agent, ticket):
    client = signed_in(agent)
    keep(client, ticket, "甲版")
    answer = keep(client, ticket, "乙版")
    assert answer.status_code == 409
    assert "甲版" in answer.json()["conflict"] and answer.json()["version"] == 1
    assert Draft.objects.get().text == "甲版"


def test_a_sent_reply_leaves_no_draft(signed_in, agent, ticket):
    client = signed_in(agent)
    keep(client, ticket, TEXT)
    page = send(client, ticket).content.decode()
    assert 'rows="3" aria-label="Reply to the customer" aria-describedby="reply-hints">\n</textarea>' in page
    assert Draft.objects.get().text == ""


def test_drafts_are_kept_within_sight_only_and_never_by_get(signed_in, outsider, agent, ticket):
    assert keep(signed_in(outsider), ticket, "x").status_code == 404
    assert signed_in(agent).get(url("ticket_draft", ticket, "reply")).status_code == 405
    assert keep(signed_in(agent), ticket, "x", kind="poem").status_code == 404
    assert not Draft.objects.exists()


def test_somebody_signed_out_is_led_to_sign_in_and_nothing_is_kept(client, ticket):
    answer = keep(client, ticket, TEXT)
    assert answer.status_code == 302 and "/sign-in/" in answer["Location"]


@pytest.mark.parametrize("version", ["x", "-1", "9" * 30, ""])
def test_a_bad_version_counts_as_none(signed_in, agent, ticket, version):
    assert keep(signed_in(agent), ticket, TEXT, version=version).status_code == 200


def test_a_draft_too_long_is_told_with_the_limit(signed_in, agent, ticket, monkeypatch):
    monkeypatch.setattr(drafts, "LONGEST", 10)
    answer = keep(signed_in(agent), ticket, "长" * 11)
    assert answer.status_code == 422 and "Longer than 10 characters" in answer.json()["note"]


def test_a_message_of_more_than_100_000_characters_is_refused_and_kept_whole(signed_in, agent, ticket):
    text = "长" * 100_001
    answer = send(signed_in(agent), ticket, body=text)
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "100,001 characters are too many; one message takes 100,000" in html and text in html
    assert not Outbox.objects.exists()


def test_keeping_a_draft_costs_the_same_however_long_the_case_is(signed_in, agent, ticket):
    client = signed_in(agent)
    keep(client, ticket, "一")
    with CaptureQueriesContext(connection) as asked:
        keep(client, ticket, "一二", version=1)
    assert len(asked) <= 14


# --- Wording ----------------------------------------------------------------------------------------------


def test_what_is_typed_is_checked_and_a_time_is_offered_once_it_is_set(signed_in, agent, ticket):
    client = signed_in(agent)
    hints = keep(client, ticket, "喂，我们会尽快处理。").json()["hints"]
    assert hints.count('class="c-word"') == 2 and "您好" in hints
    assert "今天" not in hints and "Set the next update time" in hints
    at = timezone.localtime().replace(hour=23, minute=58)
    hints = keep(client, ticket, "喂，我们会尽快处理。", 'reply', 1, next_update_at=at.strftime("%Y-%m-%dT%H:%M"))
    assert "我核实后" in hints.json()["hints"] and "23:58 前答复您" in hints.json()["hints"]


def test_positions_count_as_browsers_do(ground):
    (hint,) = composer.hints("😀喂", due=None, now=timezone.now()) or [None]
    assert hint is None or hint.start == 2
    (hint,) = composer.hints("😀，喂", due=None, now=timezone.now())
    assert (hint.start, hint.end) == (3, 4)


def test_an_unheeded_hint_blocks_nothing_and_is_counted_on_the_event(signed_in, agent, ticket):
    assert send(signed_in(agent), ticket, body="喂，我们会尽快处理。").status_code == 200
    assert Event.objects.get(kind="replied").data["unheeded"] == 2


def test_a_clean_reply_counts_nothing(signed_in, agent, ticket):
    send(signed_in(agent), ticket)
    assert "unheeded" not in Event.objects.get(kind="replied").data


def test_what_a_lexicon_row_says_is_never_markup(signed_in, agent, ticket):
    WordingRule.objects.create(language="en", flaw="vague", phrases="xyzzy", offers="<b>bold</b>")
    assert "<b>bold" not in keep(signed_in(agent), ticket, "xyzzy").json()["hints"]


# --- Templates and articles -------------------------------------------------------------------------------


def options(client, ticket, due=""):
    answer = client.get(url("ticket_choices", ticket), {"due": due})
    return answer.context["choices"]


def test_templates_come_filled_in_and_in_the_customers_language_first(signed_in, agent, ticket):
    ReplyTemplate.objects.all().delete()
    ReplyTemplate.objects.create(name="A greeting", language="en", body="Dear {name}")
    body = "{customer}，您好，{number}，{agent}，{company}，{其他}"
    ReplyTemplate.objects.create(name="问候", language="zh-hans", body=body)
    found = options(signed_in(agent), ticket)
    assert [choice.name for choice in found] == ["问候", "A greeting"]
    assert found[0].text == f"王小雨，您好，{ticket.number}，李娜，客服中心，{{其他}}"
    assert found[1].text == "Dear 王小雨"


def test_the_time_of_a_template_is_the_one_that_has_been_set(signed_in, agent, ticket):
    ReplyTemplate.objects.all().delete()
    ReplyTemplate.objects.create(name="核实", language="zh-hans", body="{due}前答复您")
    (open_,) = options(signed_in(agent), ticket)
    assert (open_.text, open_.blank) == ("{due}前答复您", "{due}")
    (filled,) = options(signed_in(agent), ticket, later(days=40))
    assert filled.blank == "" and filled.text.endswith("前答复您") and "{" not in filled.text


def test_a_reply_with_an_open_blank_is_refused_and_kept(signed_in, agent, ticket):
    answer = send(signed_in(agent), ticket, body="我{due}前答复您")
    assert answer.status_code == 422
    assert "{due} is still open" in answer.content.decode() and "我{due}前答复您" in answer.content.decode()


def test_a_template_belongs_to_one_team_or_to_all(signed_in, agent, ticket):
    ReplyTemplate.objects.all().delete()
    ReplyTemplate.objects.create(name="own", language="en", body="a", team=ticket.team)
    ReplyTemplate.objects.create(name="others", language="en", body="b", team=TeamFactory())
    ReplyTemplate.objects.create(name="off", language="en", body="c", is_active=False)
    assert [choice.name for choice in options(signed_in(agent), ticket)] == ["own"]


def test_a_template_with_an_unknown_blank_is_refused_with_the_known_ones(ground):
    with pytest.raises(ValidationError, match=r"Nothing fills in \{kunde\}.*\{customer\}"):
        ReplyTemplate(name="x", language="en", body="Dear {kunde}").full_clean()
    ReplyTemplate(name="x", language="en", body="Dear {customer}, {due}").full_clean()


def test_the_administration_says_which_blanks_there_are(signed_in, admin):
    client = signed_in(admin)
    path = reverse("admin:knowledge_replytemplate_add")
    assert "{customer}" in client.get(path).content.decode()
    answer = client.post(path, {"name": "x", "language": "en", "body": "{kunde}", "is_active": "on"})
    assert "Nothing fills in {kunde}" in answer.content.decode()
    for name in ("wordingrule", "article"):
        assert client.get(reverse(f"admin:knowledge_{name}_changelist")).status_code == 200
        assert client.get(reverse(f"admin:knowledge_{name}_add")).status_code == 200
    assert client.get(reverse("admin:messaging_filetype_changelist")).status_code == 200


def article(**fields):
    defaults = {"title": "滤芯漏水怎么办", "language": "zh-hans", "keywords": "滤芯,漏水", "body": "请先关闭进水阀。"}
    return Article.objects.create(**{**defaults, "is_published": True, **fields})


def test_published_articles_that_fit_are_suggested_with_text_and_link(signed_in, agent, ticket):
    article(url="https://help.example/1")
    article(title="积分怎么用", keywords="积分")
    article(is_published=False)
    found = [choice for choice in options(signed_in(agent), ticket) if choice.kind != "template"]
    assert [(choice.kind, choice.name) for choice in found] == [
        ("article", "滤芯漏水怎么办"), ("link", "滤芯漏水怎么办"),
    ]
    assert found[1].text == "滤芯漏水怎么办\nhttps://help.example/1"


def test_fitting_articles_are_shown_where_one_begins_to_reply(signed_in, agent, outsider, ticket):
    article()
    article(title="积分怎么用", keywords="积分")
    html = signed_in(agent).get(url("ticket_articles", ticket)).content.decode()
    assert "滤芯漏水怎么办" in html and "积分" not in html
    assert signed_in(outsider).get(url("ticket_articles", ticket)).status_code == 404


def test_a_reply_names_the_version_of_the_article_it_used(signed_in, agent, admin, ticket):
    row = article()
    path = reverse("admin:knowledge_article_change", args=[row.pk])
    fields = {"title": row.title, "language": row.language, "keywords": "漏水", "body": "新", "is_published": "on"}
    assert signed_in(admin).post(path, fields).status_code == 302
    row.refresh_from_db()
    assert (row.version, row.body) == (2, "新")
    send(signed_in(agent), ticket, articles=f"{row.mark},999.1,x")
    assert Event.objects.get(kind="replied").data["articles"] == [f"{row.pk}.2"]


def test_choices_and_colleagues_are_of_tickets_in_sight(signed_in, outsider, ticket):
    for name in ("ticket_choices", "ticket_colleagues"):
        assert signed_in(outsider).get(url(name, ticket)).status_code == 404


# --- Files ------------------------------------------------------------------------------------------------


def test_a_file_is_taken_in_shown_sent_and_downloaded(signed_in, agent, lead, ticket):
    client = signed_in(agent)
    listed = add(client, ticket, "%E5%8F%91%E7%A5%A8.png").content.decode()
    assert "发票.png" in listed
    file = DraftFile.objects.get()
    thumb = client.get(url("ticket_file", ticket, file.pk))
    assert (thumb["Content-Type"], thumb["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert "发票.png" in client.get(url("ticket", ticket)).content.decode()
    page = send(client, ticket, files=[file.pk]).content.decode()
    sent = Attachment.objects.get()
    assert url("ticket_attachment", ticket, sent.pk) in page
    answer = signed_in(lead).get(url("ticket_attachment", ticket, sent.pk))
    assert answer.getvalue() == PNG
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''%E5%8F%91%E7%A5%A8.png"
    assert (answer["X-Content-Type-Options"], DraftFile.objects.count()) == ("nosniff", 0)


@pytest.mark.parametrize(("name", "content"), [("a.exe", PNG), ("b.png", b"MZ\0"), ("c.heic", PNG), ("d.png", b"")])
def test_a_refused_file_is_named_and_not_kept(signed_in, agent, ticket, name, content):
    answer = add(signed_in(agent), ticket, name, content)
    assert answer.status_code == 422 and answer.json()["error"].startswith(name)
    assert not DraftFile.objects.exists()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(signed_in, agent, ticket, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 10)
    answer = add(signed_in(agent), ticket, "big.png")
    assert answer.status_code == 413 and answer.json()["error"].startswith("big.png is larger than")


def test_a_file_can_be_taken_out_again(signed_in, agent, lead, ticket):
    add(signed_in(agent), ticket, "a.png")
    file = DraftFile.objects.get()
    assert signed_in(lead).get(url("ticket_file", ticket, file.pk)).status_code == 404
    signed_in(lead).delete(url("ticket_file", ticket, file.pk))
    assert DraftFile.objects.exists()
    assert signed_in(agent).delete(url("ticket_file", ticket, file.pk)).content.decode().strip() == ""
    assert not DraftFile.objects.exists()


def test_files_are_of_tickets_in_sight(signed_in, agent, outsider, ticket):
    add(signed_in(agent), ticket, "a.png")
    file = DraftFile.objects.get()
    send(signed_in(agent), ticket, files=[file.pk])
    stranger = signed_in(outsider)
    assert add(stranger, ticket, "a.png").status_code == 404
    assert stranger.get(url("ticket_attachment", ticket, Attachment.objects.get().pk)).status_code == 404


@pytest.mark.parametrize("ids", [["x"], ["9" * 30], ["12345"]])
def test_a_foreign_or_bad_file_id_sends_nothing(signed_in, agent, ticket, ids):
    answer = send(signed_in(agent), ticket, files=ids)
    assert answer.status_code == 422 and TEXT in answer.content.decode()
    assert not Outbox.objects.exists()


# --- Mentions ---------------------------------------------------------------------------------------------


def write_note(client, ticket, body, key="n1"):
    return client.post(url("ticket_note", ticket), {"body": body, "key": key}, headers=HTMX)


def test_a_mention_tells_the_colleague_and_leads_to_the_note(signed_in, agent, lead, ticket):
    page = write_note(signed_in(agent), ticket, "@王强 请看批次").content.decode()
    assert '<span class="c-mention">@王强</span> 请看批次' in page
    post = ticket.posts.get(kind=Post.Kind.NOTE)
    told = Notification.objects.get(user=lead)
    assert (told.kind, told.ticket_id, told.data["post"]) == ("mentioned", ticket.pk, post.pk)
    bell = signed_in(lead).get(reverse("staff:notifications")).content.decode()
    assert f"李娜 mentioned you in ticket {ticket.number}." in bell and f"#post-{post.pk}" in bell


def test_a_mention_stays_right_when_the_colleague_is_renamed(signed_in, agent, lead, ticket):
    write_note(signed_in(agent), ticket, "@王强 请看")
    lead.display_name = "王大强"
    lead.save()
    assert '@王大强</span> 请看' in signed_in(agent).get(url("ticket", ticket)).content.decode()


def test_a_note_sent_twice_tells_once(signed_in, agent, lead, ticket):
    for _ in range(2):
        write_note(signed_in(agent), ticket, "@王强 请看")
    assert ticket.posts.filter(kind=Post.Kind.NOTE).count() == 1
    assert Notification.objects.filter(user=lead).count() == 1


def test_who_does_not_see_the_ticket_is_neither_offered_nor_told(signed_in, agent, outsider, lead, supervisor, ticket):
    people = json.loads(signed_in(agent).get(url("ticket_colleagues", ticket)).content)["people"]
    assert {one["label"] for one in people} >= {"王强", "陈静"}
    assert not {"赵敏", "李娜"} & {one["label"] for one in people}
    write_note(signed_in(agent), ticket, "@赵敏 @李娜 li@王强")
    assert not Notification.objects.exists()


def test_two_of_one_name_are_told_apart(team, agent, ticket):
    one, other = (UserFactory(team=team, display_name="张伟", username=name) for name in ("zw1", "zw2"))
    known = mentions.labels(mentions.colleagues(ticket))
    assert (known["张伟 (zw1)"], known["张伟 (zw2)"]) == (one, other)
    conversation.note(ticket, body="@张伟 (zw2) 请看", by=agent)
    assert [row.user for row in Notification.objects.all()] == [other]


def test_the_page_asks_no_more_for_drafts_files_and_mentions_than_a_few_queries(signed_in, agent, lead, ticket):
    client = signed_in(agent)

    def cost():
        with CaptureQueriesContext(connection) as asked:
            client.get(url("ticket", ticket))
        return len(asked)

    bare = cost()
    keep(client, ticket, "一")
    for number in range(3):
        add(client, ticket, f"{number}.png")
        write_note(client, ticket, f"@王强 {number}", key=f"n{number}")
    assert cost() <= bare + 2
