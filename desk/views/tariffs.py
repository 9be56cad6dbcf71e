"""The list of tariffs, the page of one, its versions, and what is done to them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as say
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import may, requires
from common.errors import DomainError
from common.paging import page_of
from desk.tariff_forms import PricesForm, SampleForm, TariffName
from desk.tariff_samples import try_on
from desk.tariffs import tariff_list as tariffs_asked
from desk.tariffs import tariff_rows, version_rows, versions_of
from desk.views.deciding import actor_of
from devices import tariff_changes
from devices.models import Tariff, TariffMove, TariffVersion
from devices.prices import check_prices, prices_of
from tenants.scope import current_company

LATEST_MOVES = 5


def tariff_named(public_id: UUID) -> Tariff:
    return get_object_or_404(Tariff, public_id=public_id)


@require_safe
@requires("tariffs.view_tariff")
def tariff_list(request: HttpRequest) -> HttpResponse:
    is_archived = request.GET.get("state") == "archived"
    page = page_of(tariffs_asked(is_archived=is_archived), request.GET)
    context = {
        "page": page,
        "rows": tariff_rows(page.rows, now=timezone.now()),
        "is_archived": is_archived,
        "has_archived": Tariff.objects.filter(archived_at__isnull=False).exists(),
        "currency": current_company().currency,
        "may_change": may(request.user, "tariffs.change_tariff"),
    }
    return render(request, "desk/tariff_list.html", context)


@require_safe
@requires("tariffs.view_tariff")
def tariff(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = tariff_named(public_id)
    return _tariff_page(request, found)


def _tariff_page(
    request: HttpRequest, found: Tariff, *, name: TariffName | None = None, status: int = 200
) -> HttpResponse:
    company, now = current_company(), timezone.now()
    sample = SampleForm(_asked(request), zone=company.timezone, now=now)
    rows = version_rows(
        versions_of(found), now=now, sample=sample.sample(), currency=company.currency
    )
    context = {
        "tariff": found,
        "versions": rows,
        "sample": sample,
        "form": name or TariffName(initial={"name": found.name}),
        "device_count": found.devices.count(),
        "sub_types": [each.sub_type for each in found.default_of.select_related("sub_type")],
        "moves": TariffMove.objects.filter(before=found)
        .select_related("after")
        .order_by("-pk")[:LATEST_MOVES],
        "has_begun": any(row.version.valid_from <= now for row in rows if row.version),
        "currency": company.currency,
        "may_change": may(request.user, "tariffs.change_tariff"),
    }
    template = "desk/tariff_detail.html"
    if request.htmx:  # type: ignore[attr-defined]
        template = "desk/_tariff_samples.html"
    return render(request, template, context, status=status)


def _asked(request: HttpRequest) -> Any:
    """The sample of the address, or None so that the usual one is filled in."""
    return request.GET if "sample-amount" in request.GET else None


@require_http_methods(["GET", "POST"])
@requires("tariffs.change_tariff")
def tariff_add(request: HttpRequest) -> HttpResponse:
    """A new tariff with its first prices; until it is saved, what they would charge is shown."""
    name = TariffName(request.POST if request.method == "POST" else None)
    page = _PricesPage(request, None, name)

    def create(form: PricesForm) -> Tariff:
        return tariff_changes.create_tariff(
            name=name.cleaned_data["name"],
            prices=form.prices(),
            valid_from=form.begins(timezone.now()),
            actor=actor_of(request),
        )

    return page.answer(create, done=say("The tariff is there. Devices can be put on it."))


@require_http_methods(["GET", "POST"])
@requires("tariffs.change_tariff")
def tariff_change(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """New prices from a day on; what was sold until then keeps its price."""
    found = tariff_named(public_id)
    page = _PricesPage(request, found, None)

    def change(form: PricesForm) -> Tariff:
        now = timezone.now()
        tariff_changes.change_tariff(
            tariff_id=found.pk,
            prices=form.prices(),
            valid_from=form.begins(now),
            now=now,
            actor=actor_of(request),
        )
        return found

    return page.answer(change, done=say("The new prices are noted."))


class _PricesPage:
    """The form of one version, with what it and the versions before would charge for a sample purchase."""

    def __init__(self, request: HttpRequest, found: Tariff | None, name: TariffName | None) -> None:
        self.request, self.found, self.name = request, found, name
        self.company, self.now = current_company(), timezone.now()
        data = request.POST if request.method == "POST" else None
        self.versions = versions_of(found) if found else []
        latest = prices_of(self.versions[-1]) if self.versions else None
        self.form = PricesForm(data, zone=self.company.timezone, prices=latest)
        self.sample = SampleForm(data, zone=self.company.timezone, now=self.now)

    def answer(self, act: Callable[[PricesForm], Tariff], *, done: str) -> HttpResponse:
        """Save what was sent, or show the page with what it would charge."""
        is_sent = self.request.method == "POST"
        if not is_sent or not self._is_valid():
            return self._page(status=422 if is_sent else 200)
        if "try" in self.request.POST or self.request.htmx:  # type: ignore[attr-defined]
            return self._page(status=200)
        try:
            saved = act(self.form)
        except tariff_changes.TariffNameTaken as refusal:
            assert self.name is not None
            self.name.add_error("name", str(refusal))
        except DomainError as refusal:
            self.form.add_error(None, str(refusal))
        else:
            messages.success(self.request, done)
            return redirect("desk:tariff", saved.public_id)
        return self._page(status=422)

    def _is_valid(self) -> bool:
        valid = [form.is_valid() for form in (self.form, self.name) if form is not None]
        if not self.form.is_valid():
            return False
        try:
            check_prices(self.form.prices())
        except DomainError as refusal:
            self.form.add_error(None, str(refusal))
            return False
        return all(valid)

    def _page(self, *, status: int) -> HttpResponse:
        sample = self.sample.sample()
        rows = version_rows(
            self.versions, now=self.now, sample=sample, currency=self.company.currency
        )
        is_tried = self.form.is_bound and self.form.is_valid()
        tried = try_on(self.form.prices(), sample, self.company.currency) if is_tried else None
        context = {
            "tariff": self.found,
            "form": self.form,
            "name": self.name,
            "sample": self.sample,
            "versions": rows,
            "tried": tried,
            "is_editing": True,
            "currency": self.company.currency,
        }
        template = "desk/tariff_prices.html"
        if self.request.htmx:  # type: ignore[attr-defined]
            template, status = "desk/_tariff_samples.html", 200
        return render(self.request, template, context, status=status)


@require_POST
@requires("tariffs.change_tariff")
def tariff_rename(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = tariff_named(public_id)
    form = TariffName(request.POST)
    if form.is_valid():
        try:
            tariff_changes.rename_tariff(
                tariff_id=found.pk, name=form.cleaned_data["name"], actor=actor_of(request)
            )
        except DomainError as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, say("The tariff has its new name."))
            return redirect("desk:tariff", public_id)
    return _tariff_page(request, found, name=form, status=422)


@require_POST
@requires("tariffs.change_tariff")
def version_withdraw(request: HttpRequest, public_id: UUID, version: int) -> HttpResponse:
    """Take back prices that have not begun."""
    found = tariff_named(public_id)
    chosen = get_object_or_404(TariffVersion, pk=version, tariff=found)

    def withdraw() -> None:
        tariff_changes.withdraw_version(
            version_id=chosen.pk, now=timezone.now(), actor=actor_of(request)
        )

    _do(request, withdraw, say("Those prices will not begin."))
    return redirect("desk:tariff", public_id)


@require_POST
@requires("tariffs.change_tariff")
def tariff_archive(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found, actor = tariff_named(public_id), actor_of(request)

    def archive() -> None:
        tariff_changes.archive_tariff(tariff_id=found.pk, now=timezone.now(), actor=actor)

    _do(request, archive, say("The tariff is archived."))
    return redirect("desk:tariff", public_id)


@require_POST
@requires("tariffs.change_tariff")
def tariff_restore(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = tariff_named(public_id)

    def restore() -> None:
        tariff_changes.restore_tariff(tariff_id=found.pk, actor=actor_of(request))

    _do(request, restore, say("The tariff is in use again."))
    return redirect("desk:tariff", public_id)


@require_POST
@requires("tariffs.change_tariff")
def tariff_delete(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = tariff_named(public_id)

    def delete() -> None:
        tariff_changes.delete_tariff(
            tariff_id=found.pk, now=timezone.now(), actor=actor_of(request)
        )

    if _do(request, delete, say("The tariff is deleted.")):
        return redirect("desk:tariff-list")
    return redirect("desk:tariff", public_id)


def _do(request: HttpRequest, act: Callable[[], None], done: str) -> bool:
    """Act and say so; what was refused is said on the page that follows."""
    try:
        act()
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return False
    messages.success(request, done)
    return True
