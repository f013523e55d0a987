"""Pages and API in a fixed thread pool, WebSocket on the event loop, both on one port."""

import gc
import os

from a2wsgi import WSGIMiddleware
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import path, resolve

from .wsgi import application as pages

from desk.live import LiveConsumer  # isort: skip  (models need the settings that .wsgi loads)

THREADS = int(os.environ.get("WEB_THREADS", "4"))

application = ProtocolTypeRouter(
    {
        "http": WSGIMiddleware(pages, workers=THREADS),
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(URLRouter([path("ws/live/", LiveConsumer.as_asgi())]))
        ),
    }
)

resolve("/")  # the views are loaded now, not with the first page
gc.collect()
gc.freeze()  # what a worker has loaded by now stays: the collector need not look through it again and again
