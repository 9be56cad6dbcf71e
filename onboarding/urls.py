"""Addresses of a company's own settings."""

from django.urls import path

from onboarding import views

app_name = "onboarding"
urlpatterns = [path("money/", views.money_settings, name="money-settings")]
