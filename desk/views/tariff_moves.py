"""Devices of a tariff, and moving some or all of them to another: choose, read what it does, then do it."""

from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as say
from django.views.decorators.http import require_POST, require_safe

from accounts.access import may, requires
from common.errors import DomainError
from common.paging import page_of
from desk.forms import OneTimeForm
from desk.tariff_forms import ChooseTariff
from desk.tariffs import move_effect
from desk.views.deciding import actor_of, once, was_sent_before
from desk.views.tariffs import tariff_named
from devices import moving
from devices.forms import DeviceFilter
from devices.models import Device, Tariff, TariffMove
from devices.selectors import device_list
from tenants.scope import current_company


def _asked(request: HttpRequest, tariff: Tariff) -> tuple[DeviceFilter, QuerySet[Device]]:
    form = DeviceFilter(request.GET)
    devices = device_list(country=current_company().country, asked=form.asked())
    return form, devices.filter(tariff=tariff)


def _others(tariff: Tariff) -> list[Tariff]:
    return list(
        Tariff.objects.filter(archived_at__isnull=True).exclude(pk=tariff.pk).order_by("name")
    )


@require_safe
@requires("tariffs.view_tariff")
def tariff_devices(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The devices of a tariff, filtered, each with a box to tick."""
    return _list(request, tariff_named(public_id))


def _list(request: HttpRequest, tariff: Tariff, problem: str = "") -> HttpResponse:
    form, devices = _asked(request, tariff)
    context = {
        "tariff": tariff,
        "page": page_of(devices, request.GET),
        "form": form,
        "chips": form.chips(),
        "params": request.GET,
        "others": _others(tariff),
        "problem": problem,
        "ticked": set(request.POST.getlist("device")),
        "may_change": may(request.user, "tariffs.change_tariff"),
        "find": {"url": request.path, "label": say("Find in these devices"), "q": form.asked().get("q", "")},
    }  # fmt: skip
    status = 422 if problem else 200
    return render(request, "desk/tariff_devices.html", context, status=status)


@require_POST
@requires("tariffs.change_tariff")
def tariff_move(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """First what moving does, then, sent again with its key, the move."""
    tariff = tariff_named(public_id)
    choice = ChooseTariff(request.POST, others=_others(tariff))
    if not choice.is_valid():
        return _list(request, tariff, say("Choose the tariff that the devices move to."))
    after = get_object_or_404(Tariff, public_id=choice.cleaned_data["to"])
    ids = _chosen(request, tariff)
    if not ids:
        return _list(request, tariff, str(moving.NoDevices()))
    form = OneTimeForm(request.POST if "key" in request.POST else None)
    if form.is_bound and form.is_valid():
        return _move(request, tariff, after, ids, form)
    context = {
        "tariff": tariff,
        "after": after,
        "effect": move_effect(ids, tariff, after, now=timezone.now()),
        "form": form,
        "is_all": request.POST.get("which") == "all",
        "ticked": request.POST.getlist("device"),
        "query": request.GET.urlencode(),
    }
    return render(request, "desk/tariff_move.html", context)


def _chosen(request: HttpRequest, tariff: Tariff) -> list[int]:
    """The ticked devices, or all that the filters show."""
    _form, devices = _asked(request, tariff)
    if request.POST.get("which") != "all":
        ticked = [each for each in request.POST.getlist("device") if _is_uuid(each)]
        devices = Device.objects.filter(tariff=tariff, public_id__in=ticked)
    return list(devices.order_by().values_list("pk", flat=True))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _move(
    request: HttpRequest, tariff: Tariff, after: Tariff, ids: list[int], form: OneTimeForm
) -> HttpResponse:
    made: list[TariffMove] = []

    def act() -> None:
        made.append(
            moving.ask_move(device_ids=ids, before=tariff, after=after, actor=actor_of(request))
        )

    try:
        is_new = once(form.cleaned_data["key"], act)
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("desk:tariff-devices", tariff.public_id)
    if not is_new:
        was_sent_before(request)
        return redirect("desk:tariff", tariff.public_id)
    return redirect("desk:tariff-moved", made[0].public_id)


@require_safe
@requires("tariffs.view_tariff")
def tariff_moved(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """How far a move is."""
    moves = TariffMove.objects.select_related("before", "after", "actor")
    move = get_object_or_404(moves, public_id=public_id)
    template = "desk/tariff_moved.html"
    if request.htmx:  # type: ignore[attr-defined]
        template = "desk/_tariff_progress.html"
    return render(request, template, {"move": move})
