from django.shortcuts import render


def forbidden(request, exception=None):
    """403 in the user's words: what it is, and who can open it."""
    return render(request, "403.html", {"reason": str(exception or "")}, status=403)
