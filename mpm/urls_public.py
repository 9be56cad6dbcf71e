"""Addresses on the public host. Its pages never touch ``request.user``."""

from django.urls import path

from onboarding import views

urlpatterns = [path("", views.landing, name="landing")]
handler404 = "onboarding.views.not_found"
handler500 = "onboarding.views.broken"
