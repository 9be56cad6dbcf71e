"""Settings > Questions: what the company asks its new customers."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import requires
from customers import questions
from customers.record_forms import WordQuestion
from customers.records import Question
from customers.views.parts import actor_of, done


@require_http_methods(["GET", "POST"])
@requires("customers.change_question")
def question_list(request: HttpRequest) -> HttpResponse:
    """All questions in their order, and a field for one more."""
    form = WordQuestion(request.POST if request.method == "POST" else None)
    if request.method == "POST" and done(
        request,
        form,
        lambda: questions.add_question(actor=actor_of(request), **form.cleaned_data),
        said=_("The question is added."),
        field="text",
    ):
        return redirect("questions:question-list")
    rows = list(questions.questions())
    context = {
        "form": form,
        "standing": [each for each in rows if each.retired_at is None],
        "retired": [each for each in rows if each.retired_at],
    }
    status = 422 if form.errors else 200
    return render(request, "customers/question_list.html", context, status=status)


@require_http_methods(["GET", "POST"])
@requires("customers.change_question")
def question(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Word a question otherwise."""
    row = _question_or_404(public_id)
    form = WordQuestion(
        request.POST if request.method == "POST" else None, initial={"text": row.text}
    )
    if request.method == "POST" and done(
        request,
        form,
        lambda: questions.word_question(
            question_id=row.pk, actor=actor_of(request), **form.cleaned_data
        ),
        said=_("The question is changed."),
        field="text",
    ):
        return redirect("questions:question-list")
    context = {"question": row, "form": form}
    status = 422 if form.errors else 200
    return render(request, "customers/question.html", context, status=status)


@require_POST
@requires("customers.change_question")
def question_move(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = _question_or_404(public_id)
    questions.move_question(question_id=row.pk, actor=actor_of(request))
    return redirect("questions:question-list")


@require_POST
@requires("customers.change_question")
def question_retire(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Stop asking it, or ask it again: whichever is not so now."""
    row = _question_or_404(public_id)
    retired_at = None if row.retired_at else timezone.now()
    questions.retire_question(question_id=row.pk, retired_at=retired_at, actor=actor_of(request))
    return redirect("questions:question-list")


def _question_or_404(public_id: UUID) -> Question:
    return get_object_or_404(Question, public_id=public_id)
