"""Posts to addresses that administrators enter: signed, never to the inside, never along a redirect, never for long."""

import contextlib
import hashlib
import hmac
import http.client
import ipaddress
import json
import socket
import ssl
import threading
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from staff.notice_models import Webhook

TIMEOUT = 5  # seconds without a byte
DEADLINE = 10  # seconds for all of it, however slowly bytes drip
MARK = " · "
READ = 2000  # bytes of an answer that are looked at
TRANSLATED = [ipaddress.ip_network(one) for one in ("64:ff9b::/96", "2002::/16", "2001::/32")]  # IPv4 in disguise


class PostFailed(Exception):
    """The address did not take it; the text says why, a code behind it, and names nobody."""

    def __init__(self, reason: str, detail: str = ""):
        super().__init__(f"{reason}{MARK}{detail}" if detail else reason)


def in_words(why: str) -> str:
    """A stored reason in the reader's language, with its code."""
    reason, mark, detail = why.partition(MARK)
    return f"{_(reason)}{mark}{detail}" if reason else ""


@dataclass(frozen=True)
class Answer:
    status: int
    text: str


def check_url(url: str) -> str:
    """Why this address cannot be a webhook's, in the reader's words; "" when it can."""
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        return _("This is no address.")
    allowed = ("https", "http") if settings.WEBHOOKS_PRIVATE else ("https",)
    if parts.scheme not in allowed or not host or any(char.isspace() or ord(char) < 33 for char in url):
        return _("The address begins with https:// and names a host.")
    if parts.username or parts.password or parts.fragment:
        return _("The address carries no name, password or part after #.")
    try:
        inside = _is_inside(ipaddress.ip_address(host))
    except ValueError:
        inside = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    if inside and not settings.WEBHOOKS_PRIVATE:
        return _("The address lies inside this network, which is not allowed.")
    return ""


def sign(secret: str, *, timestamp: str, body: bytes) -> str:
    """`sha256=` and the hex HMAC-SHA256 over timestamp, a dot and the body."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def post(hook: Webhook, payload: dict, *, key: str, now: datetime) -> Answer:
    """Posts `payload` as JSON; the answer when it is a 2xx. Raises `PostFailed` for everything else."""
    if check_url(hook.url):
        raise PostFailed(gettext_noop("the address is not allowed"))
    parts = urlsplit(hook.url)
    body = json.dumps(payload, separators=(",", ":")).encode()
    timestamp = str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json", "User-Agent": "service-desk", "Idempotency-Key": key,
        "X-Desk-Timestamp": timestamp, "X-Desk-Signature": sign(hook.secret, timestamp=timestamp, body=body),
    }  # fmt: skip
    connection = _connection(parts)
    watch = threading.Timer(DEADLINE, connection.cut)
    watch.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=body, headers=headers)
        answer = connection.getresponse()
        found = Answer(answer.status, answer.read(READ).decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise PostFailed(gettext_noop("no answer"), type(error).__name__) from None
    finally:
        watch.cancel()
        connection.close()
    if connection.is_cut:
        raise PostFailed(gettext_noop("no whole answer in time"))
    if 300 <= found.status < 400:
        raise PostFailed(gettext_noop("redirects are refused"), str(found.status))
    if not 200 <= found.status < 300:
        raise PostFailed(gettext_noop("it was not accepted"), str(found.status))
    return found


class _Connection(http.client.HTTPConnection):
    """Speaks to addresses that have been looked at, whatever the name resolves to a moment later."""

    def __init__(self, host: str, port: int, *, addresses: list[str], context: ssl.SSLContext | None):
        super().__init__(host, port, timeout=TIMEOUT)
        self.addresses, self.context = addresses, context
        self.is_cut = False
        self.default_port = 443 if context else 80

    def connect(self) -> None:
        line = None
        for address in self.addresses:
            try:
                line = socket.create_connection((address, self.port), TIMEOUT)
                break
            except OSError:
                continue
        if line is None:
            raise ConnectionError("nobody listens")
        self.sock = self.context.wrap_socket(line, server_hostname=self.host) if self.context else line

    def cut(self) -> None:
        """Ends the conversation from another thread: whoever reads finds its end."""
        self.is_cut = True
        with contextlib.suppress(AttributeError, OSError):
            self.sock.shutdown(socket.SHUT_RDWR)


def _connection(parts: SplitResult) -> _Connection:
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    context = ssl.create_default_context() if secure else None
    return _Connection(host, port, addresses=_addresses(host, port), context=context)


def _addresses(host: str, port: int) -> list[str]:
    """Where the name leads, two at most. Raises `PostFailed` when any of it lies inside."""
    try:
        found = list(dict.fromkeys(str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    except (OSError, UnicodeError):
        raise PostFailed(gettext_noop("the name leads nowhere")) from None
    if not settings.WEBHOOKS_PRIVATE and any(_is_inside(ipaddress.ip_address(one)) for one in found):
        raise PostFailed(gettext_noop("the address lies inside this network"))
    return found[:2]


def _is_inside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Loopback, private, link-local, multicast, reserved, and what only carries another address inside."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return _is_inside(address.ipv4_mapped)
        if any(address in network for network in TRANSLATED):
            return True
    return not address.is_global or address.is_multicast or address.is_reserved
