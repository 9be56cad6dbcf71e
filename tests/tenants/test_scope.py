import pytest
from django.db import connection, transaction

from tenants.scope import CompanyChangedInTransaction, NoCompany, current_company, in_company


def test_the_company_is_open_inside_and_the_former_one_afterwards(jua, taa):
    with in_company("taa") as company:
        inside = connection.schema_name

    assert (company, inside) == (taa, "taa")
    assert connection.schema_name == "jua"
    assert current_company() == jua


@pytest.mark.parametrize("schema", ["nowhere", "public", ""])
def test_work_without_a_company_is_refused(public, schema):
    with pytest.raises(NoCompany), in_company(schema):
        pass


def test_the_company_cannot_change_inside_a_transaction(jua, taa):
    with (
        transaction.atomic(),
        pytest.raises(CompanyChangedInTransaction),
        in_company("taa"),
    ):
        pass


def test_a_company_that_is_switched_off_gets_no_work(jua):
    jua.is_active = False
    jua.save(update_fields=["is_active"])

    with pytest.raises(NoCompany), in_company("jua"):
        pass
