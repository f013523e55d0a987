from django.contrib.auth.decorators import login_required
from django.shortcuts import render

@login_required
def customers(request, **kwargs):
    return render(request, "base.html")


@login_required
def customer(request, **kwargs):
    return render(request, "base.html")


@login_required
def reveal(request, **kwargs):
    return render(request, "base.html")


@login_required
def consent(request, **kwargs):
    return render(request, "base.html")
