from django.contrib.auth.decorators import login_required
from django.shortcuts import render

@login_required
def intake(request, **kwargs):
    return render(request, "base.html")


@login_required
def start(request, **kwargs):
    return render(request, "base.html")


@login_required
def lookup(request, **kwargs):
    return render(request, "base.html")


@login_required
def suggest(request, **kwargs):
    return render(request, "base.html")


@login_required
def call(request, **kwargs):
    return render(request, "base.html")


@login_required
def draft(request, **kwargs):
    return render(request, "base.html")


@login_required
def finish(request, **kwargs):
    return render(request, "base.html")
