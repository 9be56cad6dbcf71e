"""The page with the product's addresses and with switches that stay on."""

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from sandbox import addresses, statements
from sandbox.faults import GROUPS, KINDS, VENDORS, Fault, Rule, UnknownFault
from sandbox.pages import page
from sandbox.world import World, world

bp = Blueprint("settings", __name__)

LABELS = {
    "airtel": "Airtel Money",
    "vodacom_tz": "Vodacom M-Pesa",
    "vodacom_mz": "Vodacom M-Pesa Mozambique",
    "africastalking": "Africa's Talking",
    "calin_meter": "Calin meter",
    "calin_smart_meter": "Calin smart meter",
    "calin_smart_meter.history": "Calin smart meter, history",
    "calin_smart_meter.preview": "Calin smart meter, preview",
    "sunking": "SunKing",
    "sunking.auth": "SunKing, log-in",
    "sunking.lookup": "SunKing, device look-up",
    "vodacom_mz.query": "Vodacom M-Pesa Mozambique, query",
    "manufacturers": "All manufacturers",
}


@bp.get("/settings")
def show() -> Response:
    """Show the addresses and the switches."""
    return _page(world(), "")


@bp.post("/settings/addresses")
def save_addresses() -> AnyResponse:
    """Keep the typed addresses; an empty field takes one away."""
    here = world()
    wanted: dict[str, dict[str, str]] = {}
    for name, value in request.form.items():
        operator, _, action = name.partition(":")
        wanted.setdefault(operator, {})[action] = value.strip()
    try:
        addresses.change(here.store, wanted)
    except addresses.UnknownAddress as error:
        return _page(here, str(error), typed=wanted)
    return redirect(url_for("settings.show"), 303)


@bp.post("/settings/faults")
def switch() -> AnyResponse:
    """Throw one switch, or switch everything off."""
    here = world()
    if request.form.get("clear"):
        here.faults.clear()
        return redirect(url_for("settings.show"), 303)
    count, seconds = request.form.get("count", ""), request.form.get("seconds", "")
    try:
        fault = Fault(request.form.get("fault", ""), min(float(seconds or 0), 600))
        times = int(count) if count else None
        here.faults.switch(Rule(request.form.get("vendor", ""), fault, "", times))
    except UnknownFault as error:
        return _page(here, str(error))
    except ValueError:
        return _page(here, "Calls and seconds are numbers")
    return redirect(url_for("settings.show"), 303)


def _page(here: World, error: str, typed: dict[str, dict[str, str]] | None = None) -> Response:
    urls = {
        operator: {action: addresses.urls(here.store, operator).get(action, "") for action in names}
        for operator, names in addresses.ACTIONS.items()
    }
    return page(
        "settings.html",
        status=422 if error else 200,
        urls=typed or urls,
        error=error,
        rules=here.faults.listed(),
        vendors=[*GROUPS, *VENDORS],
        kinds=KINDS,
        labels=LABELS,
        statements=statements.links(),
    )
