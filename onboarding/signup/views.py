"""Signing a company up, in four steps that are kept: each page has its own address and can be gone back to."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_http_methods

from common.errors import DomainError
from onboarding.signup import confirming, doors, drafts
from onboarding.signup.confirming import steps_of
from onboarding.signup.countries import countries, currencies
from onboarding.signup.doors import step
from onboarding.signup.forms import CompanyFacts, FirstUser, ProtectedPages, filled_in
from plugins import catalogue
from plugins.catalogue import Offer
from tenants.models import Company, SignUp
from tenants.selectors import host_of_slug, public_address

MOST_DRAFTS = 20  # of one sender in an hour


@require_GET
@doors.while_open
def start(request: HttpRequest) -> HttpResponse:
    """Go on where this browser stopped."""
    row = doors.of_browser(request)
    if row is not None and row.state not in drafts.OPEN:
        if row.state != SignUp.State.MADE:
            return redirect("sign-up-progress", row.public_id)
        row = None
    return redirect(doors.first_open(steps_of(row)))


def _page(
    request: HttpRequest,
    name: str,
    row: SignUp | None,
    form: forms.Form | None = None,
    **context: Any,
) -> HttpResponse:
    """Render one step."""
    steps = steps_of(row)
    names = [each.name for each in steps]
    number = names.index(name) if name in names else len(names)
    context |= {
        "form": form,
        "row": row,
        "steps": steps,
        "number": number + 1,
        "total": len(steps),
        "back": f"sign-up-{names[number - 1]}" if number else "landing",
        "public_address": public_address(),
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, f"onboarding/signup/{name}.html", context, status=status)


@require_http_methods(["GET", "POST"])
@step("company")
def company(request: HttpRequest, row: SignUp | None) -> HttpResponse:
    """Step 1: what the company is. The country proposes currency, time zone and language."""
    if request.method == "POST" and "fill" in request.POST:
        form = filled_in(request.POST)
        if request.htmx:  # type: ignore[attr-defined]
            return render(request, "onboarding/signup/_usual.html", {"form": form})
        return _page(request, "company", row, form, is_filled=True)
    if request.method != "POST":
        facts = {name: getattr(row, name) for name in CompanyFacts.base_fields} if row else {}
        return _page(request, "company", row, CompanyFacts(initial=facts))
    form = CompanyFacts(request.POST)
    if not form.is_valid():
        return _page(request, "company", row, form)
    if row is not None:
        return _changed(
            request,
            row,
            lambda: drafts.change_company(sign_up_id=row.pk, facts=form.cleaned_data),
        )
    if not doors.is_allowed(request, "draft", most=MOST_DRAFTS):
        return doors.too_many(request)
    key = drafts.new_key()
    row = drafts.start(key=key, facts=form.cleaned_data)
    return doors.remember(redirect(doors.first_open(steps_of(row))), key)


def _changed(request: HttpRequest, row: SignUp, change: Any) -> HttpResponse:
    """Change a draft and go to what is open, or to where a confirmed one is."""
    try:
        row = change()
    except drafts.NoLongerOpen:
        return redirect("sign-up-progress", row.public_id)
    return redirect(doors.first_open(steps_of(row)))


@require_http_methods(["GET", "POST"])
@step("plugins")
def plugins(request: HttpRequest, row: SignUp) -> HttpResponse:
    """Step 2: what the company works with, of what fits what it sells for. Nothing has to be chosen."""
    if request.method == "POST":
        chosen = request.POST.getlist("plugin")
        return _changed(
            request, row, lambda: drafts.choose_plugins(sign_up_id=row.pk, plugins=chosen)
        )
    context = {"shelves": catalogue.shelves(row.usage_types), "chosen": row.plugins or []}
    return _page(request, "plugins", row, None, **context)


@require_http_methods(["GET", "POST"])
@step("person")
def person(request: HttpRequest, row: SignUp) -> HttpResponse:
    """Step 3: who logs in first."""
    is_kept = bool(row.owner_password)
    initial = {"name": row.owner_name, "email": row.owner_email}
    form = FirstUser(
        request.POST if request.method == "POST" else None, is_kept=is_kept, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        return _changed(
            request,
            row,
            lambda: drafts.name_owner(
                sign_up_id=row.pk,
                name=said["name"],
                email=said["email"],
                password=said["password"],
            ),
        )
    return _page(request, "person", row, form)


@require_http_methods(["GET", "POST"])
@step("protected")
def protected(request: HttpRequest, row: SignUp) -> HttpResponse:
    """Step 4: the second password. It may be left out."""
    form = ProtectedPages(request.POST if request.method == "POST" else None, row=row)
    if request.method == "POST" and form.is_valid():
        wanted = form.wanted()
        return _changed(
            request, row, lambda: drafts.protect_pages(sign_up_id=row.pk, password=wanted)
        )
    return _page(request, "protected", row, form)


@require_http_methods(["GET", "POST"])
@step("summary")
def summary(request: HttpRequest, row: SignUp) -> HttpResponse:
    """Everything once more; POST has the link mailed."""
    refusal = ""
    if request.method == "POST":
        if not doors.may_be_mailed(request, row.owner_email):
            return doors.too_many(request)
        try:
            confirming.ask(sign_up_id=row.pk)
            return redirect("sign-up-mail")
        except DomainError as error:
            refusal = str(error)
    language = get_language() or "en"
    context = {
        "refusal": refusal,
        "usage": [label for value, label in Company.UsageType.choices if value in row.usage_types],
        "chosen": _chosen(row),
        "without": catalogue.kinds_without(row.plugins or [], row.usage_types),
        "country": dict(countries(language)).get(row.country, row.country),
        "currency": dict(currencies(language)).get(row.currency, row.currency),
        "address": host_of_slug(row.slug),
    }
    response = _page(request, "summary", row, None, **context)
    response.status_code = 422 if refusal else 200
    return response


def _chosen(row: SignUp) -> list[Offer]:
    offers = (offer for shelf in catalogue.shelves(row.usage_types) for offer in shelf.offers)
    return [offer for offer in offers if offer.slug in (row.plugins or ())]


@require_http_methods(["GET", "POST"])
@step("mail")
def mail(request: HttpRequest, row: SignUp) -> HttpResponse:
    """Where the link was mailed to; POST mails it once more."""
    if row.state != SignUp.State.ASKED:
        return redirect("sign-up-summary")
    if request.method == "POST":
        if not doors.may_be_mailed(request, row.owner_email):
            return doors.too_many(request)
        try:
            confirming.ask(sign_up_id=row.pk)
        except DomainError:
            return redirect("sign-up-summary")
        return redirect("sign-up-mail")
    return _page(request, "mail", row)
