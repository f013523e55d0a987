"""Events of the telephone over REST: what a switchboard or a softphone posts while a call goes on."""

from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from core.phones import BadPhone
from messaging import calls, telephony
from messaging.models import Call
from messaging.telephony import Happening
from staff.models import User
from staff.sight import visible_teams


class HappeningIn(serializers.Serializer):
    event = serializers.ChoiceField(Happening.choices)
    agent = serializers.CharField(max_length=150, required=False)
    number = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
    hung_up_by = serializers.ChoiceField(Call.Side.choices, required=False, default="")

    def validate(self, attrs):
        if attrs["event"] == Happening.HUNG_UP and not attrs["hung_up_by"]:
            raise ValidationError({"hung_up_by": "customer or agent"})
        return attrs


class CallOut(serializers.ModelSerializer):
    class Meta:
        model = Call
        fields = ["id", "direction", "masked", "ringing_at", "picked_up_at", "ended_at", "hung_up_by", "steps"]


class TelephoneEvents(generics.GenericAPIView):
    """One event of the caller's own telephone; whoever supervises may send those of their teams' agents."""

    serializer_class = HappeningIn

    def post(self, request, *args, **kwargs):
        sent = self.get_serializer(data=request.data)
        sent.is_valid(raise_exception=True)
        data = sent.validated_data
        try:
            call = telephony.take_in(
                data["event"], agent=self._agent(data.get("agent")), number=data["number"], side=data["hung_up_by"],
                now=timezone.now(),
            )
        except (BadPhone, calls.CallClosed) as error:
            raise ValidationError({"detail": str(error)}) from error
        return Response(CallOut(call).data if call else {}, status=200 if call else 202)

    def _agent(self, username: str | None) -> User:
        user = self.request.user
        if not username or username == user.username:
            return user
        teams = visible_teams(user) if user.supervises else []
        return get_object_or_404(User, is_active=True, team__in=teams, username=username)
