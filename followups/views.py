from django.contrib.auth.decorators import login_required
from django.shortcuts import render

@login_required
def callbacks(request, **kwargs):
    return render(request, "base.html")


@login_required
def callback(request, **kwargs):
    return render(request, "base.html")


@login_required
def audit(request, **kwargs):
    return render(request, "base.html")


@login_required
def attempt(request, **kwargs):
    return render(request, "base.html")
