from django.contrib.auth.decorators import login_required
from django.shortcuts import render

@login_required
def search(request, **kwargs):
    return render(request, "base.html")


@login_required
def shortcuts(request, **kwargs):
    return render(request, "base.html")
