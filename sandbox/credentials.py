"""The accounts that the pretend vendors know; the sandbox documents them, they guard nothing."""

# ruff: noqa: S105 - these are the published log-ins of a pretend world
from typing import Any

from sandbox import keys
from sandbox.store import Store

CALIN_USER_ID = "pos-user-01"
CALIN_API_KEY = "calin-key-7f3a"

SMART_COMPANY = "SunnyVillage"
SMART_USER = "clerk"
SMART_PASSWORD = "pw-login"
SMART_PASSWORD_VEND = "pw-vend"

SUNKING_CLIENT_ID = "mpm-client"
SUNKING_CLIENT_SECRET = "s3cr3t-value"

AIRTEL_JWT_SECRET = "jwt-secret-for-tests-only-0123456789abcdef0123456789abcdef0123456"
AIRTEL_USERNAME = "airtel-sandbox"
AIRTEL_PASSWORD = "airtel-body-password"
AIRTEL_MERCHANT_MSISDN = "689000111"
AIRTEL_CLIENT_ID = "airtel-open-api"
AIRTEL_CLIENT_SECRET = "airtel-open-api-secret"

VODACOM_SP_ID = "300300"
VODACOM_SP_PASSWORD = "sp-secret"
VODACOM_SCHEME = "hex-upper"

MOZAMBIQUE_INBOUND_KEY = "test-api-key"
MOZAMBIQUE_API_KEY = "mz-push-key-for-the-sandbox"
MOZAMBIQUE_SERVICE_PROVIDER = "171717"

AFRICASTALKING_USERNAME = "sandbox"
AFRICASTALKING_API_KEY = "at-key-for-the-sandbox"
AFRICASTALKING_SENDER_ID = "PAYG"


def credentials(store: Store, base_url: str) -> dict[str, dict[str, Any]]:
    """Return, per plug-in of the product, what its admin enters to reach this sandbox."""
    return {
        "calin_meter": {
            "api_url": f"{base_url}/calin/api",
            "user_id": CALIN_USER_ID,
            "api_key": CALIN_API_KEY,
        },
        "calin_smart_meter": {
            "api_url": f"{base_url}/calin-smart/api",
            "company_name": SMART_COMPANY,
            "user_name": SMART_USER,
            "password": SMART_PASSWORD,
            "password_vend": SMART_PASSWORD_VEND,
            "time_zone": "UTC",
        },
        "sunking": {
            "client_id": SUNKING_CLIENT_ID,
            "client_secret": SUNKING_CLIENT_SECRET,
            "auth_url": f"{base_url}/sunking/auth/realms/glp/protocol/openid-connect/token",
            "api_url": f"{base_url}/sunking/v2",
        },
        "airtel": {
            "jwt_secret": AIRTEL_JWT_SECRET,
            "allowed_ips": "127.0.0.1",
            "username": AIRTEL_USERNAME,
            "password": AIRTEL_PASSWORD,
            "merchant_msisdn": AIRTEL_MERCHANT_MSISDN,
            "country_code": "255",
            "currency": "TZS",
            "client_id": AIRTEL_CLIENT_ID,
            "client_secret": AIRTEL_CLIENT_SECRET,
            "country": "TZ",
            "api_url": f"{base_url}/airtel",
        },
        "vodacom_tz": {
            "sp_id": VODACOM_SP_ID,
            "sp_password": VODACOM_SP_PASSWORD,
            "request_url": f"{base_url}/vodacom-tz/result",
            "password_scheme": VODACOM_SCHEME,
            "allowed_ips": "127.0.0.1",
            "broker_cert": keys.certificate_pem(store),
        },
        "vodacom_mz": {
            "inbound_key": MOZAMBIQUE_INBOUND_KEY,
            "api_key": MOZAMBIQUE_API_KEY,
            "public_key": keys.public_key_base64(store),
            "service_provider_code": MOZAMBIQUE_SERVICE_PROVIDER,
            "live": False,
            "api_url": f"{base_url}/vodacom-mz",
        },
        "africastalking": {
            "username": AFRICASTALKING_USERNAME,
            "api_key": AFRICASTALKING_API_KEY,
            "sender_id": AFRICASTALKING_SENDER_ID,
            "api_url": f"{base_url}/africastalking",
        },
    }
