"""The machine doors: with and without a slash at the end, never a redirect."""

from django.urls import path

from messaging import webhooks as sms
from payments import webhooks

urlpatterns = [
    path("sms/<slug:slug>/<str:key>/<slug:action>", sms.receive, name="sms-webhook"),
    path("sms/<slug:slug>/<str:key>/<slug:action>/", sms.receive),
    path("<slug:slug>/<str:key>/<slug:action>", webhooks.receive, name="payment-webhook"),
    path("<slug:slug>/<str:key>/<slug:action>/", webhooks.receive),
]
