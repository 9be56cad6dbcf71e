"""Names of one person, written this way and that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.similar import alike, slips


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Neema Bahati", "Bahati Neema"),
        ("Neema Bahati", "NEEMA  bahati"),
        ("Neema Bahati", "Nema Bahatti"),
        ("Khadija Hassan", "Hadija Hasan"),
        ("Yusuph Mwinyi", "Yusuf Mwinyi"),
        ("José Ndiaye", "Jose Ndiaye"),
        ("Neema Bahati", "Neema Asha Bahati"),
        ("Mwanahawa Kitwana", "Mwanahwa Kitwanna"),
        ("Nyambura-Mgonja Asha", "Asha Nyambura Mgonja"),
        ("Juma", "Juma"),
        ("ትዕግስት አበበ", "አበበ ትዕግስት"),
    ],
)
def test_one_person_is_recognised(one, other):
    assert alike(one, other)
    assert alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Neema Bahati", "Neema Juma"),
        ("Neema", "Neema Bahati"),
        ("Ali Said", "Ali Sadi Omar Juma Kato"),
        ("Asha Juma", "Ashura Jumanne"),
        ("", "Neema"),
        ("--", "''"),
        ("Juma Juma", "Juma Kato"),
    ],
)
def test_different_people_are_not_mixed_up(one, other):
    assert not alike(one, other)
    assert not alike(other, one)


words = st.text(alphabet="abcd", max_size=7)


@given(words, words)
def test_counting_slips_is_fair_and_bounded(one, other):
    count = slips(one, other)
    assert count == slips(other, one)
    assert (count == 0) == (one == other)
    assert abs(len(one) - len(other)) <= count <= max(len(one), len(other))


@given(words, st.integers(0, 6), st.sampled_from("abcd"))
def test_one_letter_more_is_one_slip(word, place, letter):
    assert slips(word, word[:place] + letter + word[place:]) == 1
