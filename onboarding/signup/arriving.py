"""From the link in the mail to the company's own address."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from common import limits
from common.clock import database_now
from common.errors import DomainError
from onboarding.signup import confirming, doors, drafts, making
from onboarding.signup.confirming import LinkRefused, LinkTooOld
from onboarding.signup.doors import HOUR
from onboarding.signup.forms import AnotherName, ProveOwner
from tenants.models import SignUp
from tenants.selectors import address_of, address_of_slug, host_of_slug
from tenants.services import Stage

MOST_PROOFS = 10  # passwords typed for one sign-up in an hour
LONG_SECONDS = 60
AFTER_CONFIRMED = (SignUp.State.CONFIRMED, SignUp.State.MADE, SignUp.State.FAILED)


@require_http_methods(["GET", "POST"])
@doors.while_open
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail. Looking changes nothing: mail programs look too. The button confirms."""
    try:
        row = confirming.of_token(token)
    except LinkTooOld as refusal:
        return _old_link(request, refusal)
    except LinkRefused as refusal:
        return _no_link(request, str(refusal), status=404)
    if row.state in AFTER_CONFIRMED:
        return redirect(f"{_progress(row)}?link=used")
    if row.state == SignUp.State.DRAFT:
        return _no_link(request, str(confirming.AnswersChanged()), status=409)
    form = None if _is_same_browser(request, row) else _proof_of(request)
    if request.method == "POST":
        refusal_page = _ask_proof(request, row, form)
        if refusal_page is not None:
            return refusal_page
        if form is None or form.is_valid():
            return redirect(_progress(confirming.confirm(sign_up_id=row.pk)))
    context = {"row": row, "form": form, "address": host_of_slug(row.slug)}
    status = 422 if form is not None and form.errors else 200
    return render(request, "onboarding/signup/confirm.html", context, status=status)


def _progress(row: SignUp) -> str:
    return reverse("sign-up-progress", args=[row.public_id])


def _is_same_browser(request: HttpRequest, row: SignUp) -> bool:
    own = doors.of_browser(request)
    return own is not None and own.pk == row.pk


def _proof_of(request: HttpRequest) -> ProveOwner:
    return ProveOwner(request.POST if request.method == "POST" else None)


def _ask_proof(request: HttpRequest, row: SignUp, form: ProveOwner | None) -> HttpResponse | None:
    """Have the password compared, where one is asked for. Somebody else may have typed this e-mail."""
    if form is None or not form.is_valid():
        return None
    if not limits.is_allowed("signup.proof", str(row.pk), most=MOST_PROOFS, seconds=HOUR):
        return doors.too_many(request)
    if not drafts.is_owners_password(row, form.cleaned_data["password"]):
        form.add_error("password", confirming.NOT_THE_PASSWORD)
    return None


def _old_link(request: HttpRequest, refusal: LinkTooOld) -> HttpResponse:
    """Say so; POST mails a new one to the same e-mail."""
    row = refusal.sign_up
    if request.method == "POST":
        if not doors.may_be_mailed(request, row.owner_email):
            return doors.too_many(request)
        try:
            confirming.ask(sign_up_id=row.pk)
        except DomainError as reason:
            return _no_link(request, str(reason), status=409)
        return render(request, "onboarding/signup/mail_again.html", {"row": row})
    return _no_link(request, str(refusal), status=410, may_ask=True)


def _no_link(
    request: HttpRequest, reason: str, *, status: int, may_ask: bool = False
) -> HttpResponse:
    context = {"reason": reason, "may_ask": may_ask}
    return render(request, "onboarding/signup/no_link.html", context, status=status)


@require_http_methods(["GET", "POST"])
def progress(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """How far the company is; POST tries again what was not made, under another name if one is given."""
    row = get_object_or_404(SignUp, public_id=public_id, state__in=AFTER_CONFIRMED)
    form = None
    if row.state == SignUp.State.FAILED:
        is_named = request.method == "POST" and row.failure == SignUp.Failure.TAKEN
        form = AnotherName(request.POST if is_named else None)
    if request.method == "POST":
        if not doors.is_allowed(request, "again", most=30):
            return doors.too_many(request)
        if form is None or not form.is_bound or form.is_valid():
            slug = form.cleaned_data["slug"] if form is not None and form.is_bound else ""
            making.try_again(public_id=public_id, slug=slug)
            return redirect("sign-up-progress", public_id)
    fragment = request.htmx and request.method == "GET"  # type: ignore[attr-defined]
    template = "_progress" if fragment else "progress"
    status = 422 if form is not None and form.errors else 200
    context = _context(row, form) | {"link_was_used": request.GET.get("link") == "used"}
    return render(request, f"onboarding/signup/{template}.html", context, status=status)


def _context(row: SignUp, form: AnotherName | None) -> dict[str, object]:
    now = database_now()
    is_waiting = row.state == SignUp.State.CONFIRMED
    is_held = row.leased_until is not None and row.leased_until > now
    overdue = is_waiting and row.due_at is not None and not is_held
    return {
        "row": row,
        "form": form,
        "stage": int(row.stage),
        "last_stage": int(Stage.LIVE),
        "is_waiting": is_waiting,
        "takes_long": overdue and (now - row.due_at).total_seconds() > LONG_SECONDS,  # type: ignore[operator]
        "is_tried_again": is_waiting and row.tries > 0 and not is_held,
        "address": address_of(row.company) if row.company else address_of_slug(row.slug),
        "host": settings.PUBLIC_HOST,
    }
