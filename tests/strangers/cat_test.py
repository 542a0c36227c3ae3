"""hawser cat against servers that we did not write."""

import subprocess
import sys

sys.dont_write_bytecode = True

from certificates import make_authority, make_server
from nginx import proxy_to
from processes import (HAWSER, PATIENCE, check, hawser, main, need,
                       node_server, python_server)


def cat_prints_a_and_b(*words):
    status, out, err = hawser("cat", *words, text="a\nb\n")
    check(out == "a\nb\n", f"cat printed {out!r}, and said: {err}")
    check(status == 0, f"cat ended with {status}, and said: {err}")


def python_echoes(folder):
    cat_prints_a_and_b(f"ws://127.0.0.1:{python_server(0).port}/")


def node_echoes(folder):
    cat_prints_a_and_b(f"ws://127.0.0.1:{node_server(0).port}/")


def python_echoes_through_nginx(folder):
    port = proxy_to(folder, python_server(0).port)
    cat_prints_a_and_b(f"ws://127.0.0.1:{port}/")


def node_echoes_through_nginx(folder):
    port = proxy_to(folder, node_server(0).port)
    cat_prints_a_and_b(f"ws://127.0.0.1:{port}/")


def both_echo_over_tls(folder):
    authority = make_authority(folder)
    certificate, key = make_server(folder)
    for server in (python_server, node_server):
        port = server(0, "--tls", certificate, key).port
        for host in ("127.0.0.1", "localhost"):
            cat_prints_a_and_b("-o", f"tls.ca={authority}",
                               f"wss://{host}:{port}/")


def an_unknown_authority_is_refused(folder):
    make_authority(folder)
    certificate, key = make_server(folder)
    port = python_server(0, "--tls", certificate, key).port
    status, out, err = hawser("cat", f"wss://127.0.0.1:{port}/", text="a\n")
    check(status == 3, f"cat ended with {status}, and said: {err}")
    check(out == "", f"cat printed {out!r}")
    check("certificate" in err.lower(), f"no word of the certificate in: {err}")
    cat_prints_a_and_b("-k", f"wss://127.0.0.1:{port}/")


def a_wrong_name_is_refused(folder):
    authority = make_authority(folder)
    certificate, key = make_server(folder, names="DNS:elsewhere.example")
    port = node_server(0, "--tls", certificate, key).port
    status, _, err = hawser("cat", "-o", f"tls.ca={authority}",
                            f"wss://localhost:{port}/", text="a\n")
    check(status == 3, f"cat ended with {status}, and said: {err}")
    cat_prints_a_and_b("-o", f"tls.ca={authority}", "-o",
                       "tls.server_name=elsewhere.example",
                       f"wss://localhost:{port}/")


def every_size_comes_back_whole(folder):
    url = f"ws://127.0.0.1:{node_server(0).port}/"
    lines = "".join(f"{'x' * size}\n" for size in
                    (0, 1, 125, 126, 127, 65535, 65536, 1000000))
    status, out, err = hawser("cat", url, text=lines)
    check(out == lines and status == 0,
          f"{len(out)} of {len(lines)} bytes came back; cat ended with "
          f"{status}, and said: {err}")


def bytes_come_back_as_they_were(folder):
    picture = bytes(range(256)) * 4000
    url = f"ws://127.0.0.1:{python_server(0).port}/"
    check(copy(picture, url) == picture, "the copy differs")


def copy(content, url):
    return subprocess.run([HAWSER, "cat", "-b", url], input=content,
                          stdout=subprocess.PIPE, timeout=30 * PATIENCE,
                          check=True).stdout


if __name__ == "__main__":
    need("node")
    need("/usr/sbin/nginx")
    main(python_echoes, node_echoes, python_echoes_through_nginx,
         node_echoes_through_nginx, both_echo_over_tls,
         an_unknown_authority_is_refused, a_wrong_name_is_refused,
         every_size_comes_back_whole, bytes_come_back_as_they_were)
