"""Addresses of this room's pages."""

from django.urls import path

from messaging import views

app_name = "messaging"
urlpatterns = [
    path("", views.message_list, name="message-list"),
    path("received/", views.incoming_list, name="incoming-list"),
    path("<uuid:public_id>/resend/", views.message_resend, name="message-resend"),
    path("<uuid:public_id>/dismiss/", views.message_dismiss, name="message-dismiss"),
]
