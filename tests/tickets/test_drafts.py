"""Drafts on the server: kept as typed, never overwritten by an older window, gone with the reply, faded in a month."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging import files
from messaging.models import Attachment
from tests.factories import CustomerFactory, TicketFactory
from tickets import conversation, drafts
from tickets.draft_models import Draft, DraftFile
from tickets.models import Post, Ticket

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def ticket(team, agent):
    customer = CustomerFactory(team=team, name="王小雨", email="wang@mail.example")
    return TicketFactory(customer=customer, owner=agent)


def save(ticket, user, text, seen=0, kind="reply", **extras):
    return drafts.save(ticket, user=user, kind=kind, text=text, seen=seen, extras=extras)


def test_what_was_typed_is_there_again_with_the_other_fields(ticket, agent):
    save(ticket, agent, "您好，", seen=0, next_update_at="2026-11-20T16:30")
    kept = drafts.of(ticket, agent)["reply"]
    assert (kept.text, kept.version, kept.extras) == ("您好，", 1, {"next_update_at": "2026-11-20T16:30"})


def test_everybody_has_a_draft_of_their_own(ticket, agent, lead):
    save(ticket, agent, "李娜写的")
    save(ticket, lead, "王强写的")
    assert drafts.of(ticket, agent)["reply"].text == "李娜写的"
    assert "note" not in drafts.of(ticket, agent)


def test_the_last_write_wins_where_it_is_the_newer(ticket, agent):
    first = save(ticket, agent, "一")
    assert save(ticket, agent, "一二", seen=first.version).text == "一二"


def test_an_older_window_overwrites_nothing_and_is_shown_both(ticket, agent):
    first = save(ticket, agent, "一")
    save(ticket, agent, "一二", seen=first.version)
    with pytest.raises(drafts.Conflict) as conflict:
        save(ticket, agent, "一三", seen=first.version)
    assert conflict.value.draft.text == "一二"
    assert drafts.of(ticket, agent)["reply"].text == "一二"


def test_the_same_words_are_no_conflict(ticket, agent):
    save(ticket, agent, "一")
    assert save(ticket, agent, "一", seen=0).version == 1


def test_a_draft_is_sealed(ticket, agent):
    save(ticket, agent, "请拨 13812341234", next_update_at="2026-11-20T16:30")
    drafts.add_file(ticket, user=agent, name="发票 13812341234.png", pieces=[PNG])
    with connection.cursor() as cursor:
        cursor.execute("SELECT text, extras FROM tickets_draft")
        stored = b"".join(bytes(value) for value in cursor.fetchone())
        cursor.execute("SELECT name, content FROM tickets_draftfile")
        stored += b"".join(bytes(value) for value in cursor.fetchone())
    assert b"13812341234" not in stored and b"2026" not in stored and b"PNG" not in stored


def test_a_reply_empties_its_draft_and_takes_the_files_along(ticket, agent):
    save(ticket, agent, "您好")
    file = drafts.add_file(ticket, user=agent, name="发票.png", pieces=[PNG])
    post = conversation.reply(ticket, body="您好", by=agent, wait=True, files=[file.pk])
    kept = drafts.of(ticket, agent)["reply"]
    assert (kept.text, kept.extras, kept.files.count()) == ("", {}, 0)
    sent = Attachment.objects.get(outgoing=post.outgoing)
    assert (sent.name, sent.content_type, bytes(sent.content)) == ("发票.png", "image/png", PNG)


def test_a_reply_asks_nothing_twice(ticket, agent):
    save(ticket, agent, "您好")
    with CaptureQueriesContext(connection) as captured:
        conversation.reply(ticket, body="您好", by=agent, next_update_at=timezone.now() + timedelta(hours=4))
    assert len([query for query in captured if "SAVEPOINT" not in query["sql"]]) <= 18


@pytest.mark.parametrize("wait", [False, True])
def test_after_a_reply_the_callers_ticket_is_as_its_row(ticket, agent, wait):
    later = timezone.now() + timedelta(hours=4)
    conversation.reply(ticket, body="您好", by=agent, next_update_at=None if wait else later, wait=wait)
    row = Ticket.objects.get(pk=ticket.pk)
    columns = [column.attname for column in Ticket._meta.concrete_fields]
    assert [getattr(ticket, name) for name in columns] == [getattr(row, name) for name in columns]
    assert (row.waiting_customer, row.first_response_at is not None) == (wait, True)


def test_a_reply_that_is_refused_keeps_draft_and_files(ticket, agent):
    save(ticket, agent, "您好")
    file = drafts.add_file(ticket, user=agent, name="a.png", pieces=[PNG])
    with pytest.raises(conversation.ReplyRefused):
        conversation.reply(ticket, body="您好", by=agent, files=[file.pk])
    kept = drafts.of(ticket, agent)["reply"]
    assert (kept.text, kept.files.count()) == ("您好", 1)


def test_a_save_that_comes_after_the_reply_brings_no_draft_back(ticket, agent):
    first = save(ticket, agent, "您好")
    conversation.reply(ticket, body="您好", by=agent, wait=True)
    with pytest.raises(drafts.Conflict):
        save(ticket, agent, "您好，", seen=first.version)
    assert drafts.of(ticket, agent)["reply"].text == ""


def test_the_first_save_that_comes_after_the_reply_brings_no_draft_back(ticket, agent):
    conversation.reply(ticket, body="您好", by=agent, wait=True)
    with pytest.raises(drafts.Conflict):
        save(ticket, agent, "您好", seen=0)


def test_a_reply_whose_file_was_taken_out_meanwhile_is_refused(ticket, agent):
    file = drafts.add_file(ticket, user=agent, name="a.png", pieces=[PNG])
    drafts.remove_file(ticket, user=agent, file_id=file.pk)
    with pytest.raises(conversation.ReplyRefused, match="is gone"):
        conversation.reply(ticket, body="您好", by=agent, wait=True, files=[file.pk])


def test_nobody_sends_or_removes_a_file_of_somebody_elses_draft(ticket, agent, lead):
    file = drafts.add_file(ticket, user=agent, name="a.png", pieces=[PNG])
    drafts.remove_file(ticket, user=lead, file_id=file.pk)
    with pytest.raises(conversation.ReplyRefused):
        conversation.reply(ticket, body="您好", by=lead, wait=True, files=[file.pk])
    assert DraftFile.objects.filter(pk=file.pk).exists()


def test_a_reply_takes_ten_files_and_no_more_than_a_mail_holds(ticket, agent, monkeypatch):
    for number in range(drafts.MOST_FILES):
        drafts.add_file(ticket, user=agent, name=f"{number}.png", pieces=[PNG])
    with pytest.raises(files.FileRefused, match="10.png: a reply takes 10 files"):
        drafts.add_file(ticket, user=agent, name="10.png", pieces=[PNG])
    DraftFile.objects.all().delete()
    monkeypatch.setattr(files, "LARGEST", 60)
    drafts.add_file(ticket, user=agent, name="a.png", pieces=[PNG])
    with pytest.raises(files.FileRefused, match="b.png: the files of one mail"):
        drafts.add_file(ticket, user=agent, name="b.png", pieces=[PNG])


def test_what_is_too_long_to_send_is_kept_and_refused_with_its_limit(ticket, agent):
    text = "长" * (conversation.LONGEST + 1)
    save(ticket, agent, text)
    with pytest.raises(conversation.ReplyRefused, match="100,001 characters are too many"):
        conversation.reply(ticket, body=text, by=agent, wait=True)
    assert drafts.of(ticket, agent)["reply"].text == text
    assert conversation.reply(ticket, body="长" * conversation.LONGEST, by=agent, wait=True).pk
    with pytest.raises(drafts.DraftRefused, match="200,000"):
        save(ticket, agent, "长" * (drafts.LONGEST + 1))


def test_drafts_fade_after_thirty_days_with_their_files(ticket, agent, lead):
    save(ticket, agent, "旧")
    drafts.add_file(ticket, user=agent, name="a.png", pieces=[PNG])
    save(ticket, lead, "新")
    Draft.objects.filter(user=agent).update(updated_at=timezone.now() - timedelta(days=31))
    assert drafts.fade() == 1
    assert [draft.text for draft in Draft.objects.all()] == ["新"]
    assert not DraftFile.objects.exists()


def test_a_note_sent_twice_with_one_key_stands_once(ticket, agent):
    first = conversation.note(ticket, body="查过批次", by=agent, key="k1")
    assert conversation.note(ticket, body="查过批次", by=agent, key="k1") == first
    assert ticket.posts.filter(kind=Post.Kind.NOTE).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["reply", "note"])
def test_eight_equal_submits_at_once_leave_one_post(ticket, agent, kind):
    file = drafts.add_file(ticket, user=agent, name="a.png", pieces=[PNG])
    start, failed = threading.Barrier(8), []

    def send():
        try:
            start.wait(10)
            if kind == "note":
                conversation.note(ticket, body="一次", by=agent, key="once")
            else:
                conversation.reply(ticket, body="一次", by=agent, wait=True, key="once", files=[file.pk])
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert ticket.posts.filter(kind=kind).count() == 1
    assert Attachment.objects.count() == (1 if kind == "reply" else 0)


@pytest.mark.django_db(transaction=True)
def test_two_windows_at_once_keep_one_text_and_tell_the_other(ticket, agent):
    start, told = threading.Barrier(2), []

    def write(text):
        try:
            start.wait(10)
            told.append(save(ticket, agent, text).text)
        except drafts.Conflict as conflict:
            told.append(conflict)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=[text]) for text in ("甲", "乙")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    won = [one for one in told if isinstance(one, str)]
    lost = [one for one in told if isinstance(one, drafts.Conflict)]
    assert len(won) == len(lost) == 1
    assert lost[0].draft.text == won[0] == Draft.objects.get().text
