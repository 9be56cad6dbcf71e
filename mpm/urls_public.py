"""Addresses on the public host. Its pages never touch ``request.user``."""

from django.urls import path

from onboarding import views
from onboarding.signup import arriving, find_views
from onboarding.signup import views as signup

urlpatterns = [
    path("", views.landing, name="landing"),
    path("find/", find_views.find_company, name="find-company"),
    path("find/sent/", find_views.find_company_sent, name="find-company-sent"),
    path("sign-up/", signup.start, name="sign-up"),
    path("sign-up/company/", signup.company, name="sign-up-company"),
    path("sign-up/plug-ins/", signup.plugins, name="sign-up-plugins"),
    path("sign-up/person/", signup.person, name="sign-up-person"),
    path("sign-up/protected/", signup.protected, name="sign-up-protected"),
    path("sign-up/summary/", signup.summary, name="sign-up-summary"),
    path("sign-up/mail/", signup.mail, name="sign-up-mail"),
    path("sign-up/confirm/<str:token>/", arriving.confirm, name="sign-up-confirm"),
    path("sign-up/progress/<uuid:public_id>/", arriving.progress, name="sign-up-progress"),
]
handler404 = "onboarding.views.not_found"
handler500 = "onboarding.views.broken"
handler400 = "desk.views.bad_request"
