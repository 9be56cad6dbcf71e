"""Adapters are found by their folder, and a wrong one stops the start instead of a payment."""

from importlib.metadata import EntryPoint

import pytest

from plugins import registry
from plugins.contracts import Kind, Manufacturer, PaymentProvider, SmsGateway
from plugins.demo_meter.adapter import DemoMeter


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> dict[str, type]:
    """A registry of the test's own, so that nothing it registers is seen by others."""
    own: dict[str, type] = {}
    monkeypatch.setattr(registry, "_by_slug", own)
    registry.load.cache_clear()
    yield own
    registry.load.cache_clear()


def adapter(slug: str, module: str) -> type:
    return type("Adapter", (DemoMeter,), {"slug": slug, "__module__": module})


def test_every_folder_with_an_adapter_is_found() -> None:
    found = registry.load()

    assert {"calin_meter", "calin_smart_meter", "demo_meter", "sunking"} <= found.keys()
    assert list(found) == sorted(found)
    assert "migrations" not in found


def test_an_adapter_is_found_by_its_slug_and_kind() -> None:
    assert registry.get("demo_meter") is DemoMeter
    assert registry.manufacturer("demo_meter") is DemoMeter
    assert DemoMeter in registry.of_kind(Kind.MANUFACTURER)
    assert DemoMeter not in registry.of_kind(Kind.SMS)
    assert all(issubclass(cls, PaymentProvider) for cls in registry.of_kind(Kind.PAYMENT))
    assert all(issubclass(cls, SmsGateway) for cls in registry.of_kind(Kind.SMS))
    assert all(issubclass(cls, Manufacturer) for cls in registry.of_kind(Kind.MANUFACTURER))


@pytest.mark.parametrize("slug", ["", "nobody", "migrations", "DEMO_METER"])
def test_an_unknown_slug_is_refused(slug: str) -> None:
    with pytest.raises(registry.UnknownPlugin):
        registry.get(slug)


@pytest.mark.parametrize("find", [registry.payment_provider, registry.sms_gateway])
def test_an_adapter_of_another_kind_is_refused(find) -> None:
    with pytest.raises(registry.UnknownPlugin):
        find("demo_meter")


def test_an_operator_is_no_manufacturer() -> None:
    with pytest.raises(registry.UnknownPlugin):
        registry.manufacturer("airtel")


def test_a_slug_that_differs_from_its_folder_is_refused(shelf: dict[str, type]) -> None:
    with pytest.raises(TypeError, match=r"'solar'.*'moon'"):
        registry.register(adapter("solar", "plugins.moon.adapter"))

    assert shelf == {}


def test_two_adapters_of_one_name_are_refused(shelf: dict[str, type]) -> None:
    first = registry.register(adapter("moon", "plugins.moon.adapter"))

    with pytest.raises(TypeError, match="two adapters are named 'moon'"):
        registry.register(adapter("moon", "elsewhere.moon.adapter"))

    assert shelf == {"moon": first}


def test_an_adapter_of_another_distribution_is_found_by_its_entry_point(
    shelf: dict[str, type], monkeypatch: pytest.MonkeyPatch
) -> None:
    moon = adapter("moon", "elsewhere.moon.adapter")

    class Entry(EntryPoint):
        def load(self) -> type:
            return registry.register(moon)

    entry = Entry(name="moon", value="elsewhere.moon.adapter", group=registry.GROUP)
    monkeypatch.setattr(
        registry, "entry_points", lambda group: [entry] if group == registry.GROUP else []
    )

    assert registry.load()["moon"] is moon


def test_a_folder_that_cannot_be_imported_stops_the_start(
    shelf: dict[str, type], monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    import plugins
    from plugins.apps import adapters_load

    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "__init__.py").touch()
    (tmp_path / "broken" / "adapter.py").write_text("raise RuntimeError('half written')\n")
    monkeypatch.setattr(plugins, "__path__", [*plugins.__path__, str(tmp_path)])

    (complaint,) = adapters_load()

    assert complaint.id == "plugins.E001"
    assert "half written" in complaint.msg
