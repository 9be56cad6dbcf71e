"""Addresses of this room's own pages; allauth's stand in ``allauth_urls``."""

from django.urls import path

from accounts.views import invitations, profile, protection, roles, sessions, users

app_name = "accounts"
USER = "settings/users/<uuid:public_id>/"
INVITATION = "settings/users/invitations/<uuid:public_id>/"
urlpatterns = [
    path("account/", profile.profile, name="profile"),
    path("account/language/choose/", profile.choose_language, name="language-choose"),
    path("account/sessions/", sessions.session_list, name="session-list"),
    path("account/sessions/end/", sessions.end_others, name="session-end"),
    path("account/protected/", protection.prompt, name="protected-prompt"),
    path("account/invitation/<str:secret>/", invitations.accept, name="invitation-accept"),
    path("settings/users/", users.user_list, name="user-list"),
    path("settings/users/invite/", users.invite, name="invite"),
    path(f"{INVITATION}resend/", users.invitation_resend, name="invitation-resend"),
    path(f"{INVITATION}withdraw/", users.invitation_withdraw, name="invitation-withdraw"),
    path(USER, users.user, name="user"),
    path(f"{USER}role/", users.user_role, name="user-role"),
    path(f"{USER}off/", users.user_step, {"step": "off"}, name="user-off"),
    path(f"{USER}on/", users.user_step, {"step": "on"}, name="user-on"),
    path(f"{USER}password/", users.user_step, {"step": "password"}, name="user-password"),
    path(f"{USER}second-step/", users.user_step, {"step": "second-step"}, name="user-second-step"),
    path("settings/roles/", roles.roles, name="roles"),
    path("settings/protected/", protection.protected_pages, name="protected-pages"),
    path("settings/protected/shut/", protection.shut_pages, name="protected-shut"),
    path("settings/protected/forgotten/", protection.send_reset, name="protection-forgotten"),
    path("settings/protected/new/<str:token>/", protection.reset, name="protection-reset"),
]
