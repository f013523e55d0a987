"""The product's settings on throw-away services; what differs in tests stands here and nowhere else."""

from tests.services import TEMPLATE, ensure

ensure()

from crm_project.launch.preparation import compile_translations  # noqa: E402
from crm_project.settings import *  # noqa: E402, F403

compile_translations()

# Hashing is meant to be slow; hundreds of test users need not be.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Static files are found where they lie, when asked for.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
# A server thread must not keep the test's database open.
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405
# Migrated once for all workers.
DATABASES["default"]["TEST"] = {"TEMPLATE": TEMPLATE}  # noqa: F405
