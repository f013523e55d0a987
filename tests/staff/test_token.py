"""`manage.py token USERNAME`: shown once, kept as a digest, dropped at will."""

import pytest
from django.core.management import CommandError, call_command

from staff.models import ApiToken


def test_only_the_token_is_on_stdout_and_only_its_digest_is_kept(agent, capsys):
    call_command("token", "agent")
    token = capsys.readouterr().out.removesuffix("\n")
    kept = ApiToken.objects.get()
    assert token.split() == [token]
    assert (kept.user, kept.digest) == (agent, ApiToken.digest_of(token))
    assert token not in kept.digest


def test_revoking_drops_all_tokens_of_that_user_alone(agent, outsider, capsys):
    for name in ("agent", "agent", "outsider"):
        call_command("token", name)
    call_command("token", "agent", "--revoke")
    assert [token.user for token in ApiToken.objects.all()] == [outsider]


def test_an_unknown_or_switched_off_user_is_named(agent):
    with pytest.raises(CommandError, match="no user “nobody”"):
        call_command("token", "nobody")
    agent.is_active = False
    agent.save()
    with pytest.raises(CommandError, match="switched off"):
        call_command("token", "agent")
