"""The address of tiles enters the policy of a page: nothing else may ride along."""

import pytest

from locations.tiles import TilesRefused, check_tile_address, source_of


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("", ""),
        ("https://tile.openstreetmap.org/{z}/{x}/{y}.png", "https://tile.openstreetmap.org"),
        ("https://{s}.tiles.example/{z}/{x}/{y}{r}.png?key=a-1", "https://*.tiles.example"),
        ("https://tiles.example:8443/a/{z}/{x}/{y}", "https://tiles.example:8443"),
    ],
)
def test_an_address_of_tiles_becomes_a_source(address, source):
    assert source_of(check_tile_address(address)) == source


@pytest.mark.parametrize(
    "address",
    [
        "http://tiles.example/{z}/{x}/{y}.png",
        "https://tiles.example/{z}/{x}.png",
        "https://tiles.example/{z}/{x}/{y}/{y}.png",
        "https://{z}.example/{x}/{y}.png",
        "https://localhost/{z}/{x}/{y}.png",
        "https://10.0.0.1/{z}/{x}/{y}.png",
        "https://user:pw@tiles.example/{z}/{x}/{y}.png",
        "https://tiles.example; script-src *//{z}/{x}/{y}.png",
        "https://tiles.example/{z}/{x}/{y}.png; script-src *",
        "https://tiles.example/{z}/{x}/{y}.png\nX: y",
        "https://*.example/{z}/{x}/{y}.png",
        "https://{s}/{z}/{x}/{y}.png",
        "https://tiles.example:port/{z}/{x}/{y}.png",
        "https://tiles.example/{s}/{z}/{x}/{y}.png",
        "https://tiles.example/{z}/{x}/{y}/{id}.png",
        "https://tiles.example\\@evil.example/{z}/{x}/{y}.png",
        "//tiles.example/{z}/{x}/{y}.png",
        "javascript:alert(1)//{z}/{x}/{y}",
    ],
)
def test_anything_else_is_refused(address):
    with pytest.raises(TilesRefused, match="https://"):
        check_tile_address(address)
