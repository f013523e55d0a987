"""How often one address may ask of a page that needs no sign-in; counted in the cache, by the minute."""

import logging

from django.core.cache import cache
from django.http import HttpRequest

log = logging.getLogger(__name__)


def too_fast(request: HttpRequest, name: str, *, most: int, seconds: int = 60) -> bool:
    """Counts this request of its address and says whether it is beyond `most` within the window.

    Without the cache nobody is turned away: what is asked for is protected otherwise.
    """
    key = f"pace:{name}:{address_of(request)}"
    try:
        cache.add(key, 0, seconds)
        return cache.incr(key) > most
    except ValueError:  # the window ended between the two
        return False
    except Exception as error:  # whatever the cache's driver raises when it is away
        log.warning("The cache does not count: %s", type(error).__name__)
        return False


def address_of(request: HttpRequest) -> str:
    return request.META.get("REMOTE_ADDR", "")
