"""Addresses of this room's pages."""

from django.urls import path

from watch import views

app_name = "watch"
urlpatterns = [
    path("", views.running, name="running"),
    path("limits/", views.change_limits, name="limits"),
    path("jobs/<slug:name>/", views.job, name="job"),
]
