"""The command that feeds raw mails: stdin, a folder, an mbox."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from messaging import inbound
from messaging.models import Message
from tests.desk.test_mail_intake import raw_mail
from tickets.models import Ticket

FIELDS = {"action", "ticket", "from_email", "from_name", "to", "cc", "subject", "body", "attachments"}


def receive(capsys, *arguments):
    call_command("receive_mail", *arguments)
    return capsys.readouterr().out.splitlines()


def test_a_folder_is_taken_in_by_name_and_broken_files_stop_nothing(team, tmp_path, capsys):
    (tmp_path / "1.eml").write_bytes(raw_mail())
    (tmp_path / "2.eml").write_bytes(b"\xff\x00")
    (tmp_path / "3.eml").write_bytes(raw_mail())
    (tmp_path / ".hidden").write_bytes(raw_mail(Message_ID="<h@mail.example>"))
    (tmp_path / "folder").mkdir()
    lines = [json.loads(line) for line in receive(capsys, "--dir", str(tmp_path), "--json")]
    assert [line["action"] for line in lines] == ["opened", "quarantined", "duplicate"]
    assert all(set(line) == FIELDS for line in lines)
    assert lines[0] == {
        "action": "opened", "ticket": Ticket.objects.get().pk, "from_email": "yu@mail.example", "from_name": "小雨",
        "to": ["service@desk.example"], "cc": [], "subject": "净水机漏水",
        "body": "滤芯接口漏水，请尽快上门维修。", "attachments": [],
    }  # fmt: skip
    assert lines[1]["ticket"] is None
    assert lines[2]["ticket"] == lines[0]["ticket"]


def test_one_mail_on_stdin_gives_one_readable_line(team, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw_mail())))
    (line,) = receive(capsys)
    assert line == f"stdin: opened T-{Ticket.objects.get().pk} yu@mail.example 净水机漏水"


def test_an_mbox_is_taken_in_message_by_message(team, tmp_path, capsys):
    path = tmp_path / "box"
    head = b"From x@mail.example Mon Jan  6 09:00:00 2025\r\n"
    path.write_bytes(head + raw_mail() + b"\r\n" + head + raw_mail(Message_ID="<two@mail.example>"))
    lines = [json.loads(line) for line in receive(capsys, "--mbox", str(path), "--json")]
    assert [line["action"] for line in lines] == ["opened", "opened"]


@pytest.mark.parametrize("option", ["--dir", "--mbox"])
def test_a_missing_source_is_said_in_one_line(db, tmp_path, option):
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("receive_mail", option, str(tmp_path / "none"))


def test_the_exit_code_tells_only_of_mails_that_could_not_be_stored(team, tmp_path, capsys, monkeypatch):
    (tmp_path / "1.eml").write_bytes(raw_mail())

    (tmp_path / "2.eml").write_bytes(b"refused")
    (tmp_path / "3.eml").write_bytes(b"broken")
    store = inbound.store_many

    def full(raws):
        if b"refused" in raws:
            raise DatabaseError("disk full")
        return store(raws)

    monkeypatch.setattr("messaging.inbound.store_many", full)
    with pytest.raises(CommandError, match="1 could not be stored"):
        call_command("receive_mail", "--dir", str(tmp_path))
    assert sorted(Message.objects.values_list("action", flat=True)) == ["opened", "quarantined"]
    assert "2.eml: not stored" in capsys.readouterr().err
