"""Template tags of the house; grown by the pages."""

from django import template

register = template.Library()
