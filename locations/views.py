"""Settings > Map."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as say
from django.views.decorators.http import require_http_methods

from accounts.access import requires
from accounts.models import User
from locations.forms import MapForm
from locations.map_settings import change_map
from locations.map_settings import map_settings as chosen
from locations.maps import Edit, make_map


@require_http_methods(["GET", "POST"])
@requires("locations.change_location")
def map_settings(request: HttpRequest) -> HttpResponse:
    """Where maps start, and whose tiles they show."""
    form = MapForm(request.POST if request.method == "POST" else None, settings=chosen())
    form.use_required_attribute = False
    if request.method == "POST" and form.is_valid():
        user, said = request.user, form.cleaned_data
        assert isinstance(user, User)
        change_map(
            actor=user,
            spot=form.spot,
            zoom=said["zoom"],
            tile_address=said["tile_address"],
            tile_credit=said["tile_credit"],
        )
        messages.success(request, say("Saved. The next map follows."))
        return redirect("locations:map-settings")
    fields = {"latitude": "id_latitude", "longitude": "id_longitude"}
    context = {"form": form, "map": make_map(request, edit=Edit.POINT, fields=fields)}
    status = 422 if form.errors else 200
    return render(request, "locations/map_settings.html", context, status=status)
