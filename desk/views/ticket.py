from django.contrib.auth.decorators import login_required
from django.shortcuts import render

@login_required
def ticket(request, **kwargs):
    return render(request, "base.html")


@login_required
def thread(request, **kwargs):
    return render(request, "base.html")


@login_required
def reply(request, **kwargs):
    return render(request, "base.html")


@login_required
def note(request, **kwargs):
    return render(request, "base.html")


@login_required
def move(request, **kwargs):
    return render(request, "base.html")


@login_required
def reclassify(request, **kwargs):
    return render(request, "base.html")


@login_required
def claim(request, **kwargs):
    return render(request, "base.html")


@login_required
def assign(request, **kwargs):
    return render(request, "base.html")


@login_required
def pause(request, **kwargs):
    return render(request, "base.html")


@login_required
def resume(request, **kwargs):
    return render(request, "base.html")


@login_required
def attachment(request, **kwargs):
    return render(request, "base.html")
