"""The REST interface: authentication and routes; the work is done by the services of the apps."""

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from staff.models import ApiToken


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer <token>` as printed by `manage.py token USERNAME`."""

    def authenticate(self, request):
        words = get_authorization_header(request).decode("latin-1").split()
        if len(words) != 2 or words[0].lower() not in ("bearer", "token"):
            return None
        digest = ApiToken.digest_of(words[1])
        token = ApiToken.objects.select_related("user__team").filter(digest=digest, user__is_active=True).first()
        if token is None:
            raise AuthenticationFailed()
        return token.user, token

    def authenticate_header(self, request):
        return "Bearer"


urlpatterns: list = []
