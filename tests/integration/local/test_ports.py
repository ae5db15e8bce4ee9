"""Ports stay the same from start to start."""

import socket
from pathlib import Path

import pytest

from deploy.local.ports import HIGHEST, LOWEST, Ports, is_free


def test_a_port_is_the_same_at_the_next_start(tmp_path: Path) -> None:
    first = Ports(tmp_path / "ports.json").port("api")
    assert Ports(tmp_path / "ports.json").port("api") == first


def test_a_remembered_port_that_somebody_else_took_is_replaced(tmp_path: Path) -> None:
    first = Ports(tmp_path / "ports.json").port("api")
    with socket.create_server(("127.0.0.1", first)):
        second = Ports(tmp_path / "ports.json").port("api")
    assert second != first


def test_a_port_another_stack_has_picked_but_does_not_listen_on_yet_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = Ports(tmp_path / "free.json")
    a, b = free.port("a"), free.port("b")
    free.release()
    draws = iter((a, a, b, a))
    monkeypatch.setattr("deploy.local.ports.secrets.randbelow", lambda _: next(draws) - LOWEST)
    one, other = Ports(tmp_path / "one.json"), Ports(tmp_path / "other.json")
    assert (one.port("api"), other.port("api")) == (a, b)
    one.release()
    assert Ports(tmp_path / "third.json").port("api") == a


def test_no_two_names_share_a_port(tmp_path: Path) -> None:
    ports = Ports(tmp_path / "ports.json")
    assert len({ports.port(str(number)) for number in range(50)}) == 50


def test_ports_are_free_and_out_of_the_way_of_outgoing_connections(tmp_path: Path) -> None:
    port = Ports(tmp_path / "ports.json").port("api")
    assert LOWEST <= port < HIGHEST
    assert is_free(port)
