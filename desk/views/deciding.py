"""What every page of a decision shares: who acts, asking once, and acting once however often a form is sent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.models import User
from common.errors import DomainError
from desk.decided import refused
from desk.views.payment import writer
from payments import services as payment_services


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked before something happens, on a page of its own.

    ``facts`` say what happens and what cannot be undone; ``crumb`` names the page that ``back_url`` leads to.
    """

    title: str
    button: str
    back_url: str
    crumb: str
    facts: Sequence[tuple[str, str]] = ()
    back: str = ""
    action: str = ""


def actor_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def once(key: UUID, act: Callable[[], object]) -> bool:
    """Act, unless a form with this key was sent before; return whether it was done now.

    :raises DomainError: the act was refused; the key is still good
    """
    try:
        with transaction.atomic():
            payment_services.use_key(key)
            act()
    except payment_services.KeyUsed:
        return False
    return True


def was_sent_before(request: HttpRequest) -> None:
    text = _("This was sent before, so nothing was done a second time. Here is what came of it.")
    messages.info(request, text)


def ask(request: HttpRequest, question: Question, form: forms.Form) -> HttpResponse:
    """Show the question; with what is wrong when the form came back."""
    context = {"question": question, "form": form}
    status = 422 if form.errors else 200
    return render(request, "desk/decide.html", context, status=status)


def act_on(
    request: HttpRequest, form: forms.Form, act: Callable[[], object], *, target: object, done: str
) -> bool:
    """Do what a form with a one-time key decides, once; return whether the page may leave.

    What was refused stands on the form; where somebody else was faster, with what they did to ``target``.
    """
    if not form.is_valid():
        return False
    try:
        is_new = once(form.cleaned_data["key"], act)
    except DomainError as refusal:
        form.add_error(None, refused(refusal, target, writer()))
        return False
    if is_new:
        messages.success(request, done)
    else:
        was_sent_before(request)
    return True


def decide(
    request: HttpRequest,
    form: forms.Form,
    act: Callable[[], object],
    question: Question,
    *,
    target: object,
    done: str,
) -> HttpResponse:
    """Ask by GET, act by POST, then lead back to where the question came from."""
    if request.method == "POST" and act_on(request, form, act, target=target, done=done):
        return redirect(question.back_url)
    return ask(request, question, form)
