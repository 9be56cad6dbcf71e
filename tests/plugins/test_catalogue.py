"""What a company that signs up is offered: name, picture, what it needs."""

from types import SimpleNamespace

import pytest

from plugins import catalogue, logos, registry
from plugins.forms import PluginSettingsForm, SecretField


def offers():
    return {offer.slug: offer for shelf in catalogue.shelves(()) for offer in shelf.offers}


def test_every_plug_in_is_offered_with_what_it_needs_and_a_picture():
    found = offers()

    assert set(found) == set(registry.load())
    for offer in found.values():
        assert offer.logo.startswith("data:image/svg+xml,%3Csvg")
        assert offer.needs
        assert offer.needs[0].islower() or offer.is_at_once


def test_a_stranger_s_plug_in_is_named_by_its_settings_and_its_initials(monkeypatch):
    class Settings(PluginSettingsForm):
        api_key = SecretField(label="API key")
        account = SecretField(label="Account", required=False)

    adapter = SimpleNamespace(
        slug="jirani", label="Jirani meters", description="", needs="", is_pretend=False,
        settings_form=Settings,
    )  # fmt: skip
    monkeypatch.setattr(catalogue, "logo_of", lambda _: "")

    offer = catalogue._offer(adapter)

    assert (offer.needs, offer.initials, offer.badge) == ("API key", "JM", catalogue.ACCOUNT)


@pytest.mark.parametrize(
    ("usage", "makers"),
    [
        (["ebike"], set()),
        (["shs"], {"sunking"}),
        (["mini_grid"], {"calin_meter", "calin_smart_meter"}),
        ([], {"sunking", "calin_meter", "calin_smart_meter"}),
    ],
)
def test_manufacturers_fit_what_the_company_sells_for(usage, makers):
    found = {
        offer.slug
        for shelf in catalogue.shelves(usage)
        if shelf.kind == "manufacturer"
        for offer in shelf.offers
        if offer.badge != catalogue.PRETEND
    }

    assert found == makers


def test_a_picture_that_is_too_large_is_left_out(monkeypatch):
    logos.logo_of.cache_clear()
    monkeypatch.setattr(logos, "MOST_BYTES", 10)

    assert logos.logo_of("airtel") == ""
    logos.logo_of.cache_clear()
