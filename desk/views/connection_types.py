"""Connection types with their sub-types, and groups: added, renamed, merged, deleted where nobody has them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as say
from django.views.decorators.http import require_http_methods

from accounts.access import requires
from common.errors import DomainError
from common.words import _
from customers import connection_types as kinds
from customers.models import ConnectionGroup, ConnectionSubType, ConnectionType
from desk.views.deciding import actor_of
from devices.models import DefaultTariff, Tariff
from devices.tariff_changes import set_default_tariff

MODELS: dict[str, Any] = {
    "types": ConnectionType,
    "sub-types": ConnectionSubType,
    "groups": ConnectionGroup,
}
LISTS: dict[str, Any] = {
    "types": kinds.connection_types,
    "sub-types": kinds.connection_sub_types,
    "groups": kinds.connection_groups,
}


class Named(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100)


class SubTypeNamed(Named):
    of = forms.ModelChoiceField(ConnectionType.objects.order_by("name"), label=_("Of the type"))
    tariff = forms.ModelChoiceField(
        Tariff.objects.filter(archived_at__isnull=True).order_by("name"),
        label=_("Default tariff"),
        required=False,
        help_text=_("Offered when a device is registered for such a customer."),
    )


class Renamed(Named):
    """A new name, and of a sub-type the default tariff."""

    tariff = SubTypeNamed.base_fields["tariff"]

    def __init__(self, data: Any, *, row: Any) -> None:
        known = DefaultTariff.objects.filter(sub_type=row.pk).first()
        is_sub_type = isinstance(row, ConnectionSubType)
        super().__init__(
            data, initial={"name": row.name, "tariff": known.tariff_id if known else None}
        )
        if not is_sub_type:
            del self.fields["tariff"]


class MergeInto(forms.Form):
    into = forms.ModelChoiceField(ConnectionType.objects.none(), label=_("Merge into"))

    def __init__(self, data: Any, *, row: Any) -> None:
        super().__init__(data)
        others = type(row).objects.exclude(pk=row.pk).order_by("name")
        if isinstance(row, ConnectionSubType):
            others = others.filter(connection_type=row.connection_type_id)
        self.fields["into"].queryset = others  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
@requires("tariffs.change_tariff")
def connection_types(request: HttpRequest) -> HttpResponse:
    """All lists on one page; each takes one more by the form below it."""
    forms_by_kind: dict[str, Any] = {
        "types": Named(prefix="types"),
        "sub-types": SubTypeNamed(prefix="sub-types"),
        "groups": Named(prefix="groups"),
    }
    chosen = request.POST.get("list", "")
    if request.method == "POST" and chosen in forms_by_kind:
        form = type(forms_by_kind[chosen])(request.POST, prefix=chosen)
        forms_by_kind[chosen] = form
        if form.is_valid() and _add(request, chosen, form):
            return redirect("desk:connection-types")
    defaults = DefaultTariff.objects.select_related("tariff")
    tariffs = {each.sub_type_id: each.tariff for each in defaults}
    context = {
        "types": kinds.connection_types(),
        "sub_types": [(row, tariffs.get(row.pk)) for row in kinds.connection_sub_types()],
        "groups": kinds.connection_groups(),
        "type_form": forms_by_kind["types"],
        "sub_type_form": forms_by_kind["sub-types"],
        "group_form": forms_by_kind["groups"],
        "form": forms_by_kind.get(chosen),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "desk/connection_types.html", context, status=status)


def _add(request: HttpRequest, kind: str, form: Any) -> bool:
    actor, name = actor_of(request), form.cleaned_data["name"]
    try:
        if kind == "types":
            kinds.add_connection_type(name=name, actor=actor)
        elif kind == "groups":
            kinds.add_connection_group(name=name, actor=actor)
        else:
            got = form.cleaned_data
            row = kinds.add_connection_sub_type(connection_type=got["of"], name=name, actor=actor)
            set_default_tariff(sub_type_id=row.pk, tariff=got["tariff"], actor=actor)
    except DomainError as refusal:
        form.add_error("name", str(refusal))
        return False
    messages.success(request, say("“%(name)s” is in the list.") % {"name": name})
    return True


@require_http_methods(["GET", "POST"])
@requires("tariffs.change_tariff")
def connection_type(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """One of a list: its name, its default tariff, and where it goes."""
    if kind not in MODELS:
        raise Http404
    row = get_object_or_404(LISTS[kind](), pk=pk)
    sent = request.POST if request.method == "POST" else None
    act = request.POST.get("act", "")
    rename = Renamed(sent if act == "rename" else None, row=row)
    merge = MergeInto(sent if act == "merge" else None, row=row)
    form: Any = merge if act == "merge" else rename
    if sent is not None and (act == "delete" or form.is_valid()):
        try:
            done = _do(request, act, row, form)
        except DomainError as refusal:
            _say_no(request, act, form, refusal)
        else:
            messages.success(request, done)
            return redirect("desk:connection-types")
    context = {
        "row": row,
        "rename": rename,
        "merge": merge,
        "form": form,
        "kind": kind,
        "is_free": not row.customer_count and not _has_sub_types(row),
    }
    status = 422 if sent is not None else 200
    return render(request, "desk/connection_type.html", context, status=status)


def _say_no(request: HttpRequest, act: str, form: forms.Form, refusal: DomainError) -> None:
    if act == "delete":
        messages.error(request, str(refusal))
    else:
        form.add_error(None, str(refusal))


def _has_sub_types(row: Any) -> bool:
    return isinstance(row, ConnectionType) and row.sub_types.exists()


def _do(request: HttpRequest, act: str, row: Any, form: Any) -> str:
    actor = actor_of(request)
    if act == "delete":
        kinds.delete(row=row, actor=actor)
        return say("“%(name)s” is deleted.") % {"name": row.name}
    if act == "merge":
        into = form.cleaned_data["into"]
        moved = kinds.merge(row=row, into=into, actor=actor)
        facts = {"name": row.name, "into": into.name, "moved": moved}
        return say("“%(name)s” is now “%(into)s”; %(moved)s customers moved.") % facts
    renamed = kinds.rename(row=row, name=form.cleaned_data["name"], actor=actor)
    if isinstance(row, ConnectionSubType):
        set_default_tariff(sub_type_id=row.pk, tariff=form.cleaned_data["tariff"], actor=actor)
    return say("“%(name)s” is saved.") % {"name": renamed.name}
