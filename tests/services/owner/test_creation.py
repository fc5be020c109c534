"""Who may open rooms, as a start decides it; and the owner's password."""

from __future__ import annotations

import dataclasses

import pytest
from flask import Flask

from photoshare.config import Settings
from photoshare.db import db
from photoshare.errors import WrongPasswordError
from photoshare.models import Owner
from photoshare.services.owner import password, sessions
from photoshare.services.owner.creation import room_creation, settle_room_creation
from photoshare.services.rooms import rooms
from photoshare.web.site import Site
from tests.old_databases import downgrade, upgrade


@pytest.fixture
def settings(app_ctx: None, site: Site) -> Settings:
    return site.settings


def test_on_the_machine_itself_nothing_is_decided(settings: Settings) -> None:
    found = settle_room_creation(settings, is_exposed=False)

    assert (found.rule, found.new_password, found.is_open_to_others) == ("open", None, False)
    assert db.session.get(Owner, 1) is None


def test_the_first_exposed_start_decides_once(settings: Settings) -> None:
    first = settle_room_creation(settings, is_exposed=True)
    second = settle_room_creation(settings, is_exposed=True)

    assert first.rule == second.rule == room_creation(settings) == "password"
    assert second.new_password is None
    password.check_password(first.new_password or "")


@pytest.mark.parametrize("rule", ["password", "closed"])
def test_a_rule_that_needs_the_owner_makes_a_password(settings: Settings, rule: str) -> None:
    chosen = dataclasses.replace(settings, room_creation=rule)

    assert settle_room_creation(chosen, is_exposed=False).new_password
    assert room_creation(settings) == "open", "nothing is decided in place of the setting"


def test_open_by_choice_is_not_remarked(settings: Settings) -> None:
    chosen = dataclasses.replace(settings, room_creation="open")

    found = settle_room_creation(chosen, is_exposed=True)

    assert (found.rule, found.new_password, found.is_open_to_others) == ("open", None, False)


def test_the_password_of_the_settings_is_taken_over_once(settings: Settings) -> None:
    chosen = dataclasses.replace(settings, owner_password="a password of ours")
    settle_room_creation(chosen, is_exposed=False)
    token = sessions.open_session()

    again = settle_room_creation(chosen, is_exposed=True)

    assert again.new_password is None
    assert sessions.is_logged_in(token), "the same password ends no session"
    other = dataclasses.replace(settings, owner_password="another one of ours")
    settle_room_creation(other, is_exposed=True)
    assert not sessions.is_logged_in(token)
    password.check_password("another one of ours")
    with pytest.raises(WrongPasswordError):
        password.check_password("a password of ours")


def test_two_starts_at_once_agree_on_one_password(settings: Settings) -> None:
    made = [password.add_missing_password() for _start in range(2)]

    assert [one is not None for one in made] == [True, False]
    password.check_password(made[0] or "")


@pytest.mark.parametrize("has_room", [True, False])
def test_an_upgrade_leaves_what_had_rooms_open(app: Flask, site: Site, has_room: bool) -> None:
    with app.app_context():
        if has_room:
            rooms.create_room("Party")
        downgrade(revision="0022")
        db.session.remove()
        upgrade()

        found = settle_room_creation(site.settings, is_exposed=True)

    assert found.rule == ("open" if has_room else "password")
    assert found.is_open_to_others == has_room
