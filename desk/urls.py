"""Addresses of this room's pages."""

from django.urls import path

from desk.views import home, search

app_name = "desk"
urlpatterns = [
    path("", home.home, name="home"),
    path("search/", search.search, name="search"),
]
