from django.apps import AppConfig


class VendingConfig(AppConfig):
    name = "vending"
