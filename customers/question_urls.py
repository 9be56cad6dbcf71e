"""Addresses of Settings > Questions."""

from django.urls import path

from customers.views import questions

app_name = "questions"
urlpatterns = [
    path("", questions.question_list, name="question-list"),
    path("<uuid:public_id>/", questions.question, name="question"),
    path("<uuid:public_id>/move/", questions.question_move, name="question-move"),
    path("<uuid:public_id>/retire/", questions.question_retire, name="question-retire"),
]
