"""Addresses of this room's pages. Those of places need several rooms and stand in ``desk``."""

from django.urls import path

from locations import views

app_name = "locations"
urlpatterns = [path("", views.map_settings, name="map-settings")]
