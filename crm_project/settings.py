"""One settings file, driven by the environment and safe by default. README lists the variables."""

from datetime import timedelta
from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import SELF, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from redis.backoff import NoBackoff
from redis.retry import Retry

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def required(name: str, least: int) -> str:
    """A secret that has no default; refused when missing, short or copied from an example."""
    value = env.str(name, default="")
    if len(value) < least or value.startswith(("change-me", "demo", "example")):
        raise ImproperlyConfigured(
            f"{name} is missing, too short or an example: set it to at least {least} random characters."
        )
    return value


# --- Where things are ---------------------------------------------------------------------------
DATA_DIR = (BASE_DIR / env.str("DATA_DIR", default=".data")).resolve()
EMBEDDED = env.bool("EMBEDDED", default=False)  # set by crm_project.launch when it runs PostgreSQL itself
DEMO = env.bool("DEMO", default=EMBEDDED)
HTTPS = env.bool("HTTPS", default=not EMBEDDED)
DEBUG = False

SECRET_KEY = required("SECRET_KEY", 50)
FIELD_KEY = required("FIELD_KEY", 43)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if EMBEDDED else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

DATABASES = {"default": {**env.db("DATABASE_URL"), "CONN_MAX_AGE": 300, "CONN_HEALTH_CHECKS": True}}
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
REDIS_URL = env.str("REDIS_URL")
REDIS_PREFIX = env.str("REDIS_PREFIX", default="")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- The apps, lowest first; each may import only from those above it here -----------------------
INSTALLED_APPS = [
    "crm_project.apps.DeskAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "channels",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "js_lib_bootstrap5",
    "js_lib_bootstrap_icons",
    "rest_framework",
    "simple_history",
    "core",
    "staff",
    "customers",
    "messaging",
    "tickets",
    "loyalty",
    "knowledge",
    "complaints",
    "followups",
    "processes",
    "visits",
    "metrics",
    "quality",
    "desk",
]
AUTH_USER_MODEL = "staff.User"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "staff.middleware.PreferencesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "crm_project.urls"
WSGI_APPLICATION = "crm_project.wsgi.application"
ASGI_APPLICATION = "crm_project.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "desk.context.shell",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"
FORM_RENDERER = "core.form_renderer.Renderer"
INSTALLED_APPS.insert(0, "django.forms")

# --- Languages and time -------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_HTTPONLY = True
FORMAT_MODULE_PATH = ["crm_project.formats"]
TIME_ZONE = env.str("TIME_ZONE", default="Asia/Shanghai")
USE_TZ = True

# --- Static files -------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = DATA_DIR / "media"
DATA_UPLOAD_MAX_MEMORY_SIZE = 30 * 1024 * 1024

# --- Sign-in ------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = reverse_lazy("desk:workbench")
LOGOUT_REDIRECT_URL = "login"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_SENSITIVE_PARAMETERS = ["password"]
AXES_VERBOSE = False

# --- What a browser may do ----------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "style-src-attr": [UNSAFE_INLINE],  # custom properties such as --burn
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": ["'none'"],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # a load balancer asks over plain HTTP
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Plain HTTP on the own machine is what `make run` is for; the deploy check speaks to HTTPS=1.
SILENCED_SYSTEM_CHECKS = [] if HTTPS else ["security.W004", "security.W008", "security.W012", "security.W016"]

# --- Redis: cache, broker, live connection ------------------------------------------------------
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": REDIS_PREFIX,
        # Pages open without it, and do not wait for it.
        "OPTIONS": {"socket_timeout": 5, "socket_connect_timeout": 2, "retry": Retry(NoBackoff(), 1)},
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": f"{REDIS_PREFIX}live"},
    }
}
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TIMEZONE = TIME_ZONE
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": REDIS_PREFIX,
    "visibility_timeout": 120,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
}
# A tick that waited longer than its period is worthless: the next one does its work.
CELERY_BEAT_SCHEDULE = {
    "heartbeat": {"task": "core.tasks.heartbeat", "schedule": 5.0, "options": {"expires": 5}},
    "timers": {"task": "tickets.tasks.escalate_due", "schedule": 2.0, "options": {"expires": 2}},
    "ladder-acts": {"task": "tickets.tasks.carry_out_acts", "schedule": 5.0, "options": {"expires": 5}},
    "planning": {"task": "tickets.tasks.carry_on_planning", "schedule": 2.0, "options": {"expires": 2}},
    "calls": {"task": "tickets.tasks.follow_calls", "schedule": 2.0, "options": {"expires": 2}},
    "tiers": {"task": "tickets.tasks.follow_tiers", "schedule": 20.0, "options": {"expires": 20}},
    "snoozed": {"task": "tickets.tasks.wake_snoozed", "schedule": 10.0, "options": {"expires": 10}},
    "watchers": {"task": "desk.tasks.tell_watchers", "schedule": 10.0, "options": {"expires": 10}},
    "old-bulk-actions": {"task": "tickets.tasks.forget_bulk_actions", "schedule": crontab(hour=4, minute=58)},
    "routing": {"task": "tickets.tasks.hand_out", "schedule": 5.0, "options": {"expires": 5}},
    "presence": {"task": "staff.tasks.fade_presence", "schedule": 60.0, "options": {"expires": 60}},
    "absences": {"task": "desk.tasks.begin_absences", "schedule": 15.0, "options": {"expires": 15}},
    "mail-in": {"task": "desk.tasks.route_mail", "schedule": 5.0, "options": {"expires": 5}},
    "outbox": {"task": "messaging.tasks.send_outbox", "schedule": 3.0, "options": {"expires": 3}},
    "figures": {"task": "metrics.tasks.keep_figures", "schedule": 5.0, "options": {"expires": 5}},
    "steps": {"task": "processes.tasks.tell_overdue", "schedule": 60.0, "options": {"expires": 60}},
    "sheets": {"task": "desk.tasks.open_sheets", "schedule": 15.0, "options": {"expires": 15}},
    "visits": {"task": "visits.tasks.tick", "schedule": 30.0, "options": {"expires": 30}},
    "callbacks": {"task": "desk.tasks.plan_callbacks", "schedule": 5.0, "options": {"expires": 5}},
    "care": {"task": "desk.tasks.queue_birthday_care", "schedule": 900.0, "options": {"expires": 900}},
    "points": {"task": "desk.tasks.credit_points", "schedule": 3600.0, "options": {"expires": 3600}},
    "imports": {"task": "customers.tasks.load_imports", "schedule": 2.0, "options": {"expires": 2}},
    "old-imports": {"task": "customers.tasks.forget_imports", "schedule": crontab(hour=4, minute=50)},
    "requests": {"task": "desk.tasks.notify_late_requests", "schedule": 600.0, "options": {"expires": 600}},
    "scoring": {
        "task": "desk.tasks.score_customers", "schedule": crontab(hour="1-3", minute="*/3"),
        "options": {"expires": 120},
    },
    "profiles": {"task": "desk.tasks.refresh_profiles", "schedule": crontab(hour=4, minute=5)},
    "contacts": {"task": "desk.tasks.plan_contacts", "schedule": crontab(hour=4, minute=35)},
    "duplicates": {"task": "desk.tasks.search_duplicates", "schedule": crontab(hour=3, minute=40)},
    "topics": {"task": "tickets.tasks.train_topics", "schedule": crontab(day_of_week="sunday", hour=4, minute=40)},
    "notices": {"task": "staff.tasks.post_notices", "schedule": 5.0, "options": {"expires": 5}},
    "notice-mail": {"task": "desk.tasks.mail_notices", "schedule": 5.0, "options": {"expires": 5}},
    "calendars": {"task": "staff.tasks.watch_calendars", "schedule": crontab(minute=7)},
    "old-notices": {"task": "staff.tasks.forget_notices", "schedule": crontab(hour=4, minute=52)},
    "old-drafts": {"task": "tickets.tasks.fade_drafts", "schedule": crontab(hour=4, minute=55)},
    "retention": {"task": "desk.tasks.retain", "schedule": crontab(hour=4, minute=20)},
}

# --- Mail ---------------------------------------------------------------------------------------
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="service@desk.example")
# Where the desk is opened, for links in mails to staff.
SITE_URL = env.str("SITE_URL", default=f"http://localhost:{env.str('PORT', default='8000')}" if EMBEDDED else "")
WEBHOOKS_PRIVATE = env.bool("WEBHOOKS_PRIVATE", default=False)  # webhooks inside the network, and plain HTTP

# --- API ----------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["staff.api.BearerToken"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": "6000/min"},
    "UNAUTHENTICATED_USER": None,
}

# --- Errors and log: where something failed, never whose data were in hand ----------------------
DEFAULT_EXCEPTION_REPORTER = "core.error_reports.Report"
DEFAULT_EXCEPTION_REPORTER_FILTER = "core.error_reports.NoData"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "core.error_reports.MaskedLine", "format": "%(levelname)s %(name)s %(message)s"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line"},
        "mail_admins": {"level": "ERROR", "class": "django.utils.log.AdminEmailHandler"},
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
        "uvicorn.access": {"level": "WARNING"},
        # Their own handlers would print lines of their own, unmasked.
        "django": {"handlers": ["mail_admins"], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        "uvicorn": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "uvicorn.error": {"handlers": [], "propagate": True},
    },
}
