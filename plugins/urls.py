"""Addresses of this room's pages."""

from django.urls import path

from plugins import views

app_name = "plugins"
urlpatterns = [
    path("", views.connection_list, name="connection-list"),
    path("<slug:slug>/", views.connection, name="connection"),
    path("<slug:slug>/check/", views.connection_check, name="connection-check"),
    path("<slug:slug>/switch/", views.connection_switch, name="connection-switch"),
    path("<slug:slug>/exchanges/", views.exchange_list, name="exchange-list"),
]
