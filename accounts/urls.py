"""Addresses of this room's own pages; allauth's stand in ``allauth_urls``."""

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.profile, name="profile"),
    path("language/choose/", views.choose_language, name="language-choose"),
]
