"""What the company asks its new customers, and what they said."""

import datetime as dt
from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Max, QuerySet

from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.words import _
from customers.records import Answer, Question
from customers.services import lock_customer

MOST = 50


class QuestionKnown(DomainError):
    message = _("This question is asked already, or was once. Bring the old one back.")


class TooManyQuestions(DomainError):
    message = _("At most %(most)s questions are asked. Retire one first.")


def questions() -> QuerySet[Question]:
    """Return all questions in the order they are asked, retired ones last, with ``answer_count``."""
    counted = Question.objects.annotate(answer_count=Count("answers"))
    return counted.order_by(F("retired_at").asc(nulls_first=True), "position", "pk")


def questions_for(customer_id: int) -> list[tuple[Question, Answer | None]]:
    """Return what is asked, and retired questions that this customer answered, with the answers."""
    answers = {each.question_id: each for each in Answer.objects.filter(customer_id=customer_id)}
    asked = Question.objects.order_by("position", "pk")
    return [
        (each, answers.get(each.pk))
        for each in asked
        if each.retired_at is None or each.pk in answers
    ]


@transaction.atomic
def add_question(*, text: str, actor: User) -> Question:
    """Ask one more question, as the last.

    :raises QuestionKnown: it is there
    :raises TooManyQuestions: nothing was changed
    """
    standing = Question.objects.select_for_update(no_key=True).filter(retired_at=None)
    if len(list(standing)) >= MOST:
        raise TooManyQuestions(most=MOST)
    last = Question.objects.aggregate(last=Max("position"))["last"] or 0
    question = Question(text=text, position=last + 1)
    _save(question)
    audit(actor=actor, action="question.added", target=str(question.public_id), text=text)
    return question


@transaction.atomic
def word_question(*, question_id: int, text: str, actor: User) -> Question:
    """Word a question otherwise; answers stay.

    :raises QuestionKnown: another one says that
    """
    question = Question.objects.select_for_update(no_key=True).get(pk=question_id)
    before, question.text = question.text, text
    if text != before:
        _save(question)
        facts = {"text": text, "text_before": before}
        audit(actor=actor, action="question.changed", target=str(question.public_id), **facts)
    return question


@transaction.atomic
def move_question(*, question_id: int, actor: User) -> None:
    """Ask a question one place earlier."""
    question = Question.objects.get(pk=question_id)
    standing = Question.objects.select_for_update(no_key=True).filter(retired_at=None)
    in_order = list(standing.order_by("position", "pk"))
    place = next((n for n, each in enumerate(in_order) if each.pk == question.pk), 0)
    if not place:
        return
    in_order[place - 1], in_order[place] = in_order[place], in_order[place - 1]
    for position, each in enumerate(in_order, start=1):
        each.position = position
    Question.objects.bulk_update(in_order, ["position"])
    audit(actor=actor, action="question.moved", target=str(question.public_id), text=question.text)


@transaction.atomic
def retire_question(*, question_id: int, retired_at: dt.datetime | None, actor: User) -> None:
    """Stop asking a question, or, with None, ask it again. One that nobody answered is deleted."""
    question = Question.objects.select_for_update(no_key=True).get(pk=question_id)
    action = "question.retired" if retired_at else "question.restored"
    audit(actor=actor, action=action, target=str(question.public_id), text=question.text)
    if retired_at and not question.answers.exists():
        question.delete()
        return
    question.retired_at = retired_at
    question.save(update_fields=["retired_at"])


@transaction.atomic
def answer_questions(
    *, customer_id: int, answers: Mapping[int, str], now: dt.datetime, actor: User
) -> None:
    """Write down what a customer said; an empty answer takes an earlier one away.

    :param answers: by question; questions that are not named keep their answer
    """
    customer = lock_customer(customer_id)
    known = {each.question_id: each for each in customer.answers.select_related("question")}
    texts = Question.objects.in_bulk(list(answers))
    facts: dict[str, str] = {}
    for question_id, text in answers.items():
        before = known.get(question_id)
        if text == (before.text if before else "") or question_id not in texts:
            continue
        number = f"answer_{question_id}"
        facts |= {number: text, f"{number}_before": before.text if before else ""}
        if not text and before:
            before.delete()
        else:
            said = {"text": text, "answered_at": now, "answered_by": str(actor)}
            Answer.objects.update_or_create(
                customer=customer, question_id=question_id, defaults=said
            )
    if facts:
        target = str(customer.public_id)
        audit(actor=actor, action="customer.answered", target=target, **facts)


def _save(question: Question) -> None:
    try:
        with transaction.atomic():
            question.save()
    except IntegrityError:
        raise QuestionKnown from None
