"""Who calls the REST interface: the bearer of a token that `manage.py token USERNAME` printed."""

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from staff.models import ApiToken


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer <token>`."""

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
