"""What is refused before a server starts; the server itself is tried by the tests of the app."""

import socket


def test_a_port_that_is_taken_and_a_host_that_is_none_are_refused_in_a_line(charassets, tmp_path):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        code, _, err = charassets("serve", "-w", tmp_path / "w", "--port", port)
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith("error: another program listens there") and "--port" in err
    code, _, err = charassets("serve", "-w", tmp_path / "w", "--host", "nobody.invalid")
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith("error: there is no such address")
