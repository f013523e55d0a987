"""What is said about a ticket over REST: the customer's words, a reply to them, and taking an archived ticket up again.

With the header `Idempotency-Key` a repeated POST answers 200 and does nothing more. What the desk's rules refuse is
answered by 422 with the reason.
"""

from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from tickets import conversation, reopening
from tickets.api import PostOut, key_of, shown
from tickets.models import Channel, Post, Ticket


class MessageIn(serializers.Serializer):
    body = serializers.CharField(max_length=conversation.LONGEST)
    channel = serializers.ChoiceField(choices=Channel.choices, required=False, default=Channel.API)


class ReplyIn(serializers.Serializer):
    """A ticket that is not solved needs `next_update_at`, or `wait` where the customer has to decide."""

    body = serializers.CharField(max_length=conversation.LONGEST)
    next_update_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    wait = serializers.BooleanField(required=False, default=False)


class ReopenIn(serializers.Serializer):
    reason = serializers.CharField(max_length=400)


class Messages(APIView):
    """POST: the customer said more. The answer names the ticket where it stands, which may be a new cycle."""

    def post(self, request, pk):
        ticket, sent, now = _ticket(request, pk), _checked(MessageIn, request), timezone.now()
        post = reopening.hear(ticket, key=(key_of(request) or "")[:40], now=now, **sent)
        return _said(post, made=post.at == now)


class Replies(APIView):
    """POST: a reply to the customer, by mail."""

    def post(self, request, pk):
        ticket, sent, now = _ticket(request, pk), _checked(ReplyIn, request), timezone.now()
        try:
            post = conversation.reply(ticket, by=request.user, key=key_of(request) or "", now=now, **sent)
        except conversation.ReplyRefused as refused:
            return Response({"detail": str(refused)}, status=422)
        return _said(post, made=post.at == now)


class Reopening(APIView):
    """POST: an archived ticket is taken up; the answer is the ticket to work on, itself or its next cycle."""

    def post(self, request, pk):
        ticket, sent = _ticket(request, pk), _checked(ReopenIn, request)
        try:
            found = reopening.reopen(ticket, by=request.user, **sent)
        except reopening.ReopenRefused as refused:
            return Response({"detail": str(refused)}, status=422)
        return Response(shown(found), status=200 if found.pk == ticket.pk else 201)


def _ticket(request, pk: int) -> Ticket:
    return get_object_or_404(Ticket.objects.visible_to(request.user), pk=pk)


def _checked(form: type[serializers.Serializer], request) -> dict:
    sent = form(data=request.data)
    sent.is_valid(raise_exception=True)
    return sent.validated_data


def _said(post: Post, *, made: bool) -> Response:
    ticket = {"id": post.ticket_id, "number": post.ticket.number}
    return Response({"ticket": ticket} | PostOut(post).data, status=201 if made else 200)
