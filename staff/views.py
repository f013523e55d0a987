from django.contrib.auth.decorators import login_required
from django.shortcuts import render

@login_required
def preferences(request, **kwargs):
    return render(request, "base.html")


@login_required
def language(request, **kwargs):
    return render(request, "base.html")


@login_required
def presence(request, **kwargs):
    return render(request, "base.html")


@login_required
def notifications(request, **kwargs):
    return render(request, "base.html")
