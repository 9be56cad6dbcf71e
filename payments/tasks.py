"""Doorbells of this room."""

from typing import Any

from celery import shared_task

from tenants.scope import in_company


@shared_task
def work_payment(*, schema: str, payment_id: int, **_: Any) -> None:
    """Settle, issue and send in one go; each step stands on its own row and can be taken up alone."""
    from payments import line, services

    with in_company(schema) as company:
        try:
            line.work(company, payment_id)
        except Exception:
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
