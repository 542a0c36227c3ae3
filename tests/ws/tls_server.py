#!/usr/bin/python3
# tls_server.py - bad_server.py behind TLS. The name that the client asks for
# chooses the certificate; behind its port it prints the folder that holds them.
import os
import shutil
import socket
import ssl
import subprocess
import tempfile

import bad_server
from words import wait_end

FOLDER = tempfile.mkdtemp(prefix='hawser-ws-')
CONFIG = """
[ca]
default_ca = own
[own]
database = {name}.index
new_certs_dir = .
serial = {name}.serial
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = {names}
"""
NEW = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']


def path(name):
    return os.path.join(FOLDER, name)


def openssl(*words):
    subprocess.run(['openssl', *words], cwd=FOLDER, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_self_signed(name, names):
    openssl('req', '-x509', *NEW, '-keyout', name + '.key', '-out',
            name + '.pem', '-days', '2', '-subj', '/CN=' + name, '-addext',
            'subjectAltName=' + names)


# openssl ca is the one command that sets both dates.
def make_signed(name, names, authority='ca', begin='20200101000000Z',
                end='20990101000000Z'):
    for suffix, text in (('.index', ''), ('.serial', '01'),
                         ('.cnf', CONFIG.format(name=name, names=names))):
        with open(path(name + suffix), 'w', encoding='ascii') as file:
            file.write(text)
    openssl('req', *NEW, '-keyout', name + '.key', '-out', name + '.csr',
            '-subj', '/CN=' + name)
    openssl('ca', '-batch', '-notext', '-config', name + '.cnf', '-cert',
            authority + '.pem', '-keyfile', authority + '.key', '-in',
            name + '.csr', '-out', name + '.pem', '-startdate', begin,
            '-enddate', end)


def context_for(name, demands=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path(name + '.pem'), path(name + '.key'))
    if demands:
        context.load_verify_locations(path('ca.pem'))
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def shake_hands(context, sock):
    raw = sock.dup()
    sock = context.wrap_socket(sock, server_side=True,
                               do_handshake_on_connect=False)
    try:
        sock.do_handshake()
    except ssl.SSLError:
        # The client's request is on its way: if it were left unread, the reset
        # would overtake the alert.
        raw.shutdown(socket.SHUT_WR)
        wait_end(raw)
        raise
    finally:
        raw.close()
    return sock


def make_all():
    make_self_signed('ca', 'DNS:authority.test')
    make_self_signed('other', 'DNS:other.test')
    make_self_signed('self', 'DNS:self.test')
    make_signed('good', 'DNS:good.test,DNS:client.test,IP:127.0.0.1')
    make_signed('six', 'IP:::1')
    make_signed('client', 'DNS:nobody.test')
    make_signed('expired', 'DNS:expired.test', end='20200201000000Z')
    make_signed('future', 'DNS:future.test', begin='20980101000000Z')
    make_signed('stranger', 'DNS:stranger.test', authority='other')


def main():
    make_all()
    good = context_for('good')
    by_name = {
        'self.test': context_for('self'),
        'expired.test': context_for('expired'),
        'future.test': context_for('future'),
        'stranger.test': context_for('stranger'),
        'six.test': context_for('six'),
        'client.test': context_for('good', demands=True),
    }

    # Looked for by hand, since a callback of Python's can't make the server
    # demand a certificate.
    def wrap(sock):
        hello = sock.recv(4096, socket.MSG_PEEK)
        for name, context in by_name.items():
            if name.encode() in hello:
                return shake_hands(context, sock)
        return shake_hands(good, sock)

    bad_server.main(wrap, FOLDER,
                    lambda: shutil.rmtree(FOLDER, ignore_errors=True))


main()
