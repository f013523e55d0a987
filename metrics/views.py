from django.contrib.auth.decorators import login_required
from django.shortcuts import render

@login_required
def dashboard(request, **kwargs):
    return render(request, "base.html")
