"""What an error may tell: where it happened, never whose data were in hand."""

import logging

from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from core import masking

HIDDEN = "***"


class NoData(SafeExceptionReporterFilter):
    """Leaves out what was sent, every local variable, and the settings."""

    def is_active(self, request):
        return True

    def get_post_parameters(self, request):
        return dict.fromkeys(request.POST, HIDDEN) if request else {}

    def get_traceback_frame_variables(self, request, tb_frame):
        return [(name, HIDDEN) for name in tb_frame.f_locals]

    def get_safe_request_meta(self, request):
        meta = super().get_safe_request_meta(request)
        return {name: meta[name] for name in ("REQUEST_METHOD", "SERVER_NAME", "CONTENT_TYPE") if name in meta}

    def get_safe_cookies(self, request):
        return dict.fromkeys(request.COOKIES, HIDDEN) if request else {}

    def get_safe_settings(self):
        return {}


class Report(ExceptionReporter):
    """A report by mail, with numbers and addresses masked wherever they stand and without the query."""

    def get_traceback_data(self):
        data = super().get_traceback_data()
        return data | {"request_GET_items": [], "request_FILES_items": [], "request_insecure_uri": "", "user_str": ""}

    def get_traceback_text(self):
        return masking.free_text(super().get_traceback_text())

    def get_traceback_html(self):
        return masking.free_text(super().get_traceback_html())


class MaskedLine(logging.Formatter):
    """A line of the log, its traceback included, in which nobody can be recognised by number or address."""

    def format(self, record):
        return masking.free_text(super().format(record))
