"""Doorbells of this room."""

from typing import Any

from celery import Task, shared_task

from tenants.scope import in_company


@shared_task(bind=True)
def work_payment(
    task: "Task[Any, Any]", /, *, schema: str, payment_id: int, is_again: bool = False, **_: Any
) -> None:
    """Settle, issue and send in one go; each step stands on its own row and can be taken up alone.

    :param is_again: the sweeper rang, so the worker of an earlier try may have died of it
    """
    from payments import line, services

    delivery = task.request.delivery_info or {}
    # A try that may kill its worker is counted before it is made.
    is_counted = is_again or bool(delivery.get("redelivered"))
    with in_company(schema) as company:
        if is_counted and not services.count_try(payment_id):
            return
        try:
            line.work(company, payment_id)
        except Exception:
            if not is_counted:
                services.put_off_settling(payment_id)
            raise


@shared_task
def report_result(*, schema: str, result_id: int, **_: Any) -> None:
    from payments import services

    with in_company(schema):
        services.report_result(result_id)


@shared_task
def pay_out_refund(*, schema: str, correction_id: int, **_: Any) -> None:
    """Have the operator send a decided refund back."""
    from messaging import services as messaging
    from payments import services

    with in_company(schema):
        try:
            messages = services.pay_out_refund(correction_id)
        except services.NothingToPayOut:
            return
        messaging.send_claimed(messages)


@shared_task
def release_refund(*, schema: str, correction_id: int, **_: Any) -> None:
    """Park a refund whose worker was lost."""
    from payments import services

    with in_company(schema):
        services.release_lost_refund(correction_id)


@shared_task
def work_statement(*, schema: str, statement_id: int, **_: Any) -> None:
    """Look at, compare, or record from one statement, whichever is due."""
    from payments.statements import work

    with in_company(schema) as company:
        work.work(company, statement_id)
