"""Setting what devices cost: tariffs, their versions, and when each begins.

A version that has begun is never changed or taken away: what was sold and what fell due has its price.
"""

import datetime as dt

from django.db import IntegrityError, transaction

from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.words import _
from devices.models import DefaultTariff, Device, Tariff, TariffVersion
from devices.prices import (
    Prices,
    add_version,
    check_prices,
    delete_version,
    price_facts,
    prices_of,
)


class TariffNameTaken(DomainError):
    message = _("There is a tariff “%(name)s” already. Change it, or take another name.")


class TariffChangeTooEarly(DomainError):
    message = _(
        "A price cannot change before %(earliest)s: what was sold and what fell due until then has its price."
    )


class VersionHasBegun(DomainError):
    message = _("These prices hold already, so they stay. Add a version that begins later.")


class LastVersion(DomainError):
    message = _("“%(name)s” would be left without a price. Delete the tariff instead.")


class TariffArchived(DomainError):
    message = _("The tariff “%(name)s” is archived.")


class TariffInUse(DomainError):
    message = _("“%(name)s” is the tariff of %(devices)s devices and %(sub_types)s sub-types.")


class TariffHasBegun(DomainError):
    message = _("“%(name)s” has had a price already, so it is kept. Archive it instead.")


@transaction.atomic
def create_tariff(
    *, name: str, prices: Prices, valid_from: dt.datetime, actor: User | None
) -> Tariff:
    """Add a tariff with its first prices.

    :raises TariffNameTaken: nothing was changed
    :raises DomainError: what ``check_prices`` says
    """
    check_prices(prices)
    try:
        with transaction.atomic():
            tariff = Tariff.objects.create(name=name)
    except IntegrityError:
        raise TariffNameTaken(name=name) from None
    add_version(tariff, prices, valid_from)
    audit(
        actor=actor,
        action="tariff.created",
        target=str(tariff.public_id),
        name=name,
        valid_from=valid_from.isoformat(),
        **price_facts(prices),
    )
    return tariff


@transaction.atomic
def change_tariff(
    *, tariff_id: int, prices: Prices, valid_from: dt.datetime, now: dt.datetime, actor: User | None
) -> TariffVersion:
    """Let other prices hold from a moment on; what was before keeps its price.

    :raises TariffChangeTooEarly: in the past, or not after the latest change; nothing was changed
    :raises DomainError: what ``check_prices`` says
    """
    check_prices(prices)
    tariff = _lock(tariff_id)
    latest = tariff.versions.order_by("-valid_from").first()
    earliest = max(now, latest.valid_from) if latest else now
    if valid_from < now or (latest and valid_from <= latest.valid_from):
        raise TariffChangeTooEarly(earliest=f"{earliest:%Y-%m-%d %H:%M %Z}")
    before = price_facts(prices_of(latest)) if latest else {}
    after = price_facts(prices)
    version = add_version(tariff, prices, valid_from)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    audit(
        actor=actor,
        action="tariff.changed",
        target=str(tariff.public_id),
        valid_from=valid_from.isoformat(),
        **{name: after.get(name, "") for name in names},
        **{f"{name}_before": before.get(name, "") for name in names},
    )
    return version


@transaction.atomic
def withdraw_version(*, version_id: int, now: dt.datetime, actor: User | None) -> Tariff:
    """Take back prices that have not begun; those before them go on.

    :raises VersionHasBegun: they hold already; nothing was changed
    :raises LastVersion: the tariff would have no price
    """
    tariff_id = TariffVersion.objects.values_list("tariff_id", flat=True).get(pk=version_id)
    tariff = _lock(tariff_id)
    version = tariff.versions.filter(pk=version_id).first()
    if version is None:
        return tariff  # somebody else withdrew it at this moment
    if version.valid_from <= now:
        raise VersionHasBegun
    if tariff.versions.count() == 1:
        raise LastVersion(name=tariff)
    facts = price_facts(prices_of(version))
    delete_version(version)
    audit(
        actor=actor,
        action="tariff.version_withdrawn",
        target=str(tariff.public_id),
        valid_from_before=version.valid_from.isoformat(),
        **{f"{name}_before": value for name, value in facts.items()},
    )
    return tariff


@transaction.atomic
def rename_tariff(*, tariff_id: int, name: str, actor: User | None) -> Tariff:
    """Call a tariff otherwise.

    :raises TariffNameTaken: nothing was changed
    """
    tariff = _lock(tariff_id)
    before, tariff.name = tariff.name, name
    if name == before:
        return tariff
    try:
        with transaction.atomic():
            tariff.save(update_fields=["name"])
    except IntegrityError:
        raise TariffNameTaken(name=name) from None
    target = str(tariff.public_id)
    audit(actor=actor, action="tariff.renamed", target=target, name=name, name_before=before)
    return tariff


@transaction.atomic
def archive_tariff(*, tariff_id: int, now: dt.datetime, actor: User | None) -> Tariff:
    """Put a tariff that nothing uses out of sight; nothing can be put on it any more.

    :raises TariffInUse: devices or sub-types have it; nothing was changed
    """
    tariff = _lock_unused(tariff_id)
    if tariff.archived_at is None:
        tariff.archived_at = now
        tariff.save(update_fields=["archived_at"])
        audit(actor=actor, action="tariff.archived", target=str(tariff.public_id))
    return tariff


@transaction.atomic
def restore_tariff(*, tariff_id: int, actor: User | None) -> Tariff:
    """Take a tariff back into use."""
    tariff = _lock(tariff_id)
    if tariff.archived_at is not None:
        tariff.archived_at = None
        tariff.save(update_fields=["archived_at"])
        audit(actor=actor, action="tariff.restored", target=str(tariff.public_id))
    return tariff


@transaction.atomic
def delete_tariff(*, tariff_id: int, now: dt.datetime, actor: User | None) -> None:
    """Remove a tariff whose prices never held, so that nothing was sold at them.

    :raises TariffInUse: devices or sub-types have it; nothing was changed
    :raises TariffHasBegun: it is archived instead
    """
    tariff = _lock_unused(tariff_id)
    if tariff.versions.filter(valid_from__lte=now).exists():
        raise TariffHasBegun(name=tariff)
    name, target = tariff.name, str(tariff.public_id)
    for version in tariff.versions.all():
        delete_version(version)
    tariff.delete()
    audit(actor=actor, action="tariff.deleted", target=target, name_before=name)


@transaction.atomic
def set_default_tariff(*, sub_type_id: int, tariff: Tariff | None, actor: User | None) -> None:
    """Say which tariff a device gets where its customer is of this sub-type; devices there keep theirs.

    :raises TariffArchived: nothing may be put on it any more
    """
    if tariff is not None and _lock(tariff.pk).is_archived:
        raise TariffArchived(name=tariff)
    known = DefaultTariff.objects.select_related("tariff").filter(sub_type=sub_type_id).first()
    before = known.tariff if known else None
    if before == tariff:
        return
    if tariff is None:
        DefaultTariff.objects.filter(sub_type=sub_type_id).delete()
    else:
        DefaultTariff.objects.update_or_create(sub_type_id=sub_type_id, defaults={"tariff": tariff})
    audit(
        actor=actor,
        action="connection_sub_type.tariff_changed",
        target=str(sub_type_id),
        tariff=tariff or "",
        tariff_before=before or "",
    )


def _lock(tariff_id: int) -> Tariff:
    return Tariff.objects.select_for_update(of=("self",), no_key=True).get(pk=tariff_id)


def _lock_unused(tariff_id: int) -> Tariff:
    """Lock against new users too: who puts a device on a tariff holds it FOR KEY SHARE.

    :raises TariffInUse: devices or sub-types have it
    """
    tariff = Tariff.objects.select_for_update(of=("self",)).get(pk=tariff_id)
    devices = Device.objects.filter(tariff=tariff).count()
    sub_types = tariff.default_of.count()
    if devices or sub_types:
        raise TariffInUse(name=tariff, devices=devices, sub_types=sub_types)
    return tariff
