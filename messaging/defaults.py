"""The kinds of files that a new installation sends; the admin's from then on."""

from messaging.models import FileType

OPEN_XML = "application/vnd.openxmlformats-officedocument"
TYPES = [
    ("png", "image/png", "png"), ("jpg", "image/jpeg", "jpeg"), ("jpeg", "image/jpeg", "jpeg"),
    ("gif", "image/gif", "gif"), ("webp", "image/webp", "webp"), ("pdf", "application/pdf", "pdf"),
    ("txt", "text/plain", "text"), ("csv", "text/csv", "text"), ("zip", "application/zip", "zip"),
    ("docx", f"{OPEN_XML}.wordprocessingml.document", "zip"), ("xlsx", f"{OPEN_XML}.spreadsheetml.sheet", "zip"),
    ("pptx", f"{OPEN_XML}.presentationml.presentation", "zip"), ("doc", "application/msword", "ole"),
    ("xls", "application/vnd.ms-excel", "ole"), ("mp3", "audio/mpeg", "media"), ("mp4", "video/mp4", "media"),
]  # fmt: skip


def fill() -> None:
    """Writes the standard kinds of files where there are none."""
    if not FileType.objects.exists():
        FileType.objects.bulk_create(
            FileType(extension=extension, content_type=kind, signature=signature)
            for extension, kind, signature in TYPES
        )
