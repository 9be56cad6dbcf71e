"""PostgreSQL cut off: operators are told to come again, and everything mends itself."""

from simulation.site import serial, until


def test_a_lost_database_is_503_with_retry_after_and_mends_itself(whole, reference):
    before, during = f"{reference}a", f"{reference}b"
    account = serial("calin_smart_meter", 40)
    whole.airtel(before, account=account)
    whole.cut_postgres()

    answers = [whole.airtel(during, account=account) for _ in range(12)]

    assert {each.http for each in answers} == {503}
    assert {each.headers["Retry-After"] for each in answers} == {"5"}
    assert max(each.seconds for each in answers) < 2

    whole.postgres.start()

    again = until(
        lambda: (said := whole.airtel(during, account=account)).http == 200 and said, seconds=10
    )
    assert again.status == "200"
    for paid in (before, during):
        whole.take_up_until(lambda r=paid: whole.is_done(r), what="the token")
    assert len(whole.payments(during)) == 1
    assert len(whole.charges(account)) == 2
    whole.check_books()
