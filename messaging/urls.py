"""Addresses of this room's pages."""

from django.urls import path

from messaging import views

app_name = "messaging"
urlpatterns = [
    path("", views.message_list, name="message-list"),
    path("received/", views.incoming_list, name="incoming-list"),
]
