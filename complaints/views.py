from django.contrib.auth.decorators import login_required
from django.shortcuts import render

@login_required
def sheets(request, **kwargs):
    return render(request, "base.html")


@login_required
def sheet(request, **kwargs):
    return render(request, "base.html")


@login_required
def close(request, **kwargs):
    return render(request, "base.html")
