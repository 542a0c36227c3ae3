// faults.c - stands before each call of the library, and lets one fail.
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <libwebsockets.h>
#include <lmdb.h>
#include <msgpack.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <uv.h>
#include <zmq.h>

// What is not here can't fail with arguments that are right: clock_gettime,
// timerfd_settime, setting options of ZeroMQ's sockets, close (which closes
// whatever it returns), the mutexes and conditions of glibc, uv_…_init and
// uv_…_start of handles that need no descriptor.
static const struct fault table[] = {
    { "memory", "", ENOMEM },
    { "newlocale", "ENOMEM", ENOMEM },
    { "pthread_create", "EAGAIN", EAGAIN },
    { "open", "EMFILE", EMFILE },
    { "flock", "ENOLCK", ENOLCK },
    { "pread", "EIO", EIO },
    { "socket", "EMFILE", EMFILE },
    { "connect", "ENETUNREACH", ENETUNREACH },
    { "connect", "EINTR", EINTR },
    { "recv", "EINTR", EINTR },
    { "recv", "EAGAIN", EAGAIN },
    { "recv", "ECONNRESET", ECONNRESET },
    { "recv", "ENOMEM", ENOMEM },
    { "recv", "short", 0 },
    { "send", "EINTR", EINTR },
    { "send", "EAGAIN", EAGAIN },
    { "send", "EPIPE", EPIPE },
    { "send", "ENOBUFS", ENOBUFS },
    { "send", "short", 0 },
    { "read", "EINTR", EINTR },
    { "write", "EINTR", EINTR },
    { "poll", "EINTR", EINTR },
    { "poll", "ENOMEM", ENOMEM },
    { "shutdown", "ENOTCONN", ENOTCONN },
    { "getsockopt", "ENOBUFS", ENOBUFS },
    { "setsockopt", "ENOBUFS", ENOBUFS },
    { "fcntl", "EMFILE", EMFILE },
    { "fstat", "ENOMEM", ENOMEM },
    { "stat", "ENOMEM", ENOMEM },
    { "access", "EACCES", EACCES },
    { "getaddrinfo", "EAI_MEMORY", EAI_MEMORY },
    { "getaddrinfo", "EAI_AGAIN", EAI_AGAIN },
    { "getrandom", "EINTR", EINTR },
    { "eventfd", "EMFILE", EMFILE },
    { "epoll_create1", "EMFILE", EMFILE },
    { "epoll_ctl", "ENOMEM", ENOMEM },
    { "epoll_ctl", "ENOSPC", ENOSPC },
    { "timerfd_create", "EMFILE", EMFILE },
    { "zmq_ctx_new", "EMFILE", EMFILE },
    { "zmq_ctx_term", "EINTR", EINTR },
    { "zmq_socket", "EMFILE", EMFILE },
    { "zmq_bind", "ENOMEM", ENOMEM },
    { "zmq_connect", "ENOMEM", ENOMEM },
    { "zmq_getsockopt", "EINTR", EINTR },
    { "zmq_send", "EINTR", EINTR },
    { "zmq_recv", "EINTR", EINTR },
    { "zmq_msg_init_size", "ENOMEM", ENOMEM },
    { "zmq_msg_init_data", "ENOMEM", ENOMEM },
    { "zmq_msg_send", "EINTR", EINTR },
    { "zmq_msg_recv", "EINTR", EINTR },
    { "zmq_socket_monitor", "EMFILE", EMFILE },
    { "uv_poll_init", "ENOMEM", UV_ENOMEM },
    { "uv_tcp_connect", "EMFILE", UV_EMFILE },
    { "uv_loop_init", "ENOMEM", UV_ENOMEM },
    { "uv_loop_init", "EMFILE", UV_EMFILE },
    { "uv_async_init", "EMFILE", UV_EMFILE },
    { "uv_thread_create", "EAGAIN", UV_EAGAIN },
    { "uv_getaddrinfo", "ENOMEM", UV_ENOMEM },
    { "lws_create_context", "ENOMEM", ENOMEM },
    { "lws_create_vhost", "ENOMEM", ENOMEM },
    { "lws_client_connect_via_info", "EMFILE", EMFILE },
    { "lws_client_connect_via_info", "0", 0 },
    { "lws_write", "EPIPE", EPIPE },
    { "lws_http_client_read", "ECONNRESET", ECONNRESET },
    { "RAND_bytes", "0", 0 },
    { "EVP_Digest", "0", 0 },
    { "SSL_CTX_new", "ENOMEM", ENOMEM },
    { "SSL_CTX_load_verify_file", "0", 0 },
    { "SSL_CTX_use_certificate_chain_file", "0", 0 },
    { "SSL_CTX_use_PrivateKey_file", "0", 0 },
    { "SSL_new", "ENOMEM", ENOMEM },
    { "SSL_set1_host", "0", 0 },
    { "SSL_write_ex", "0", 0 },
    { "BIO_new", "ENOMEM", ENOMEM },
    { "BIO_write", "-1", 0 },
    { "mdb_env_create", "ENOMEM", ENOMEM },
    { "mdb_env_set_mapsize", "ENOMEM", ENOMEM },
    { "mdb_env_open", "ENOMEM", ENOMEM },
    { "mdb_dbi_open", "ENOMEM", ENOMEM },
    { "mdb_txn_begin", "ENOMEM", ENOMEM },
    { "mdb_txn_commit", "EIO", EIO },
    { "mdb_txn_commit", "ENOSPC", ENOSPC },
    { "mdb_cursor_open", "ENOMEM", ENOMEM },
    { "mdb_cursor_get", "EIO", EIO },
    { "mdb_cursor_put", "ENOMEM", ENOMEM },
    { "mdb_cursor_put", "MDB_MAP_FULL", MDB_MAP_FULL },
    { "mdb_cursor_del", "ENOMEM", ENOMEM },
    { "mdb_get", "EIO", EIO },
    { "mdb_put", "ENOMEM", ENOMEM },
    { "msgpack_zone_init", "ENOMEM", ENOMEM },
    { "msgpack_unpack", "ENOMEM", ENOMEM },
    { "X509_STORE_new", "ENOMEM", ENOMEM },
    { "X509_STORE_load_file", "0", 0 },
};

#define FAULTS (sizeof table / sizeof table[0])

_Static_assert(FAULTS <= FAULTS_MAX, "the counts have room");

static const struct fault *_Atomic armed;
static atomic_bool counting;
static atomic_int left;
static atomic_bool fired;
static struct outcome *told;

const struct fault *
fault_at(unsigned index)
{
    return index < FAULTS ? &table[index] : NULL;
}

// ---- which call it was ----

// Everything of ours is compiled with frame pointers.
static void
note_frames(uintptr_t site, const uintptr_t *frame)
{
    unsigned count = 0;

    while (count < FRAMES_MAX && site != 0) {
        const uintptr_t *next = (const uintptr_t *)frame[0];

        told->frames[count++] = site;
        if (next <= frame || next - frame > 1 << 16) {
            break;
        }
        site = next[1];
        frame = next;
    }
}

static void
count(const char *call)
{
    for (unsigned i = 0; i < FAULTS; i++) {
        if (strcmp(table[i].call, call) == 0) {
            atomic_fetch_add(&told->calls[i], 1);
        }
    }
}

static const struct fault *
due(const char *call, uintptr_t site, const uintptr_t *frame)
{
    const struct fault *fault = atomic_load(&armed);

    if (atomic_load(&counting)) {
        count(call);
        return NULL;
    }

    if (fault == NULL || strcmp(fault->call, call) != 0 ||
        atomic_fetch_sub(&left, 1) != 1) {
        return NULL;
    }
    note_frames(site, frame);
    atomic_store(&fired, true);
    atomic_store(&told->reached, true);
    return fault;
}

#define DUE(call)                                                              \
    due(call, (uintptr_t)__builtin_return_address(0),                          \
        (const uintptr_t *)__builtin_frame_address(0))

// ---- what is not given back ----

enum { SHELVES = 1 << 15, KEPT_SIZE_MIN = 64 * 1024 };

struct shelf {
    uintptr_t block; // 0: none was here ever; 1: it is gone
    uintptr_t site;
};

static struct {
    pthread_mutex_t lock;
    struct shelf shelves[SHELVES];
    bool counts;
} store = { .lock = PTHREAD_MUTEX_INITIALIZER };

// src/base/blocks.c keeps large blocks for the next use, but not under a
// sanitizer.
static bool
is_kept(size_t size)
{
#if defined(__SANITIZE_ADDRESS__)
    (void)size;
    return false;
#else
    return size >= KEPT_SIZE_MIN;
#endif
}

static struct shelf *
shelf_of(uintptr_t block, bool free_one)
{
    size_t at = block / 16 * UINT64_C(11400714819323198485) >> 49;

    for (size_t i = 0; i < SHELVES; i++) {
        struct shelf *shelf = &store.shelves[(at + i) % SHELVES];

        if (shelf->block == block || shelf->block == 0 ||
            (free_one && shelf->block == 1)) {
            return shelf;
        }
    }
    abort(); // a script that needs so many is another script
}

static void *
note_block(void *block, size_t size, uintptr_t site)
{
    if (block != NULL && !is_kept(size)) {
        pthread_mutex_lock(&store.lock);
        if (store.counts) {
            *shelf_of((uintptr_t)block, true) =
                (struct shelf){ (uintptr_t)block, site };
        }
        pthread_mutex_unlock(&store.lock);
    }
    return block;
}

static void
forget_block(void *block)
{
    struct shelf *shelf;

    if (block == NULL) {
        return;
    }
    pthread_mutex_lock(&store.lock);
    shelf = shelf_of((uintptr_t)block, false);
    if (shelf->block == (uintptr_t)block) {
        shelf->block = 1;
    }
    pthread_mutex_unlock(&store.lock);
}

unsigned
faults_blocks_left(uintptr_t *site)
{
    unsigned count = 0;

    pthread_mutex_lock(&store.lock);
    for (size_t i = 0; i < SHELVES; i++) {
        if (store.shelves[i].block > 1) {
            *site = store.shelves[i].site;
            count++;
        }
    }
    pthread_mutex_unlock(&store.lock);
    return count;
}

// ---- from here to there ----

void
faults_arm(const struct fault *fault, unsigned number, struct outcome *outcome)
{
    told = outcome;
    store.counts = true;
    atomic_store(&left, (int)number);
    atomic_store(&armed, fault);
    atomic_store(&counting, fault == NULL);
}

void
faults_disarm(void)
{
    atomic_store(&armed, NULL);
    atomic_store(&counting, false);
}

bool
faults_fired(void)
{
    return atomic_load(&fired);
}

// ---- memory ----

#define SITE ((uintptr_t)__builtin_return_address(0))

void *
__real_malloc(size_t size);
void *
__real_calloc(size_t count, size_t size);
void *
__real_realloc(void *block, size_t size);
char *
__real_strdup(const char *text);
FILE *
__real_open_memstream(char **bytes, size_t *size);
void
__real_free(void *block);
void *
__wrap_malloc(size_t size);
void *
__wrap_calloc(size_t count, size_t size);
void *
__wrap_realloc(void *block, size_t size);
char *
__wrap_strdup(const char *text);
FILE *
__wrap_open_memstream(char **bytes, size_t *size);
int
__wrap_asprintf(char **text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void
__wrap_free(void *block);

void *
__wrap_malloc(size_t size)
{
    if (DUE("memory") != NULL) {
        errno = ENOMEM;
        return NULL;
    }
    return note_block(__real_malloc(size), size, SITE);
}

void *
__wrap_calloc(size_t count, size_t size)
{
    if (DUE("memory") != NULL) {
        errno = ENOMEM;
        return NULL;
    }
    return note_block(__real_calloc(count, size), count * size, SITE);
}

void *
__wrap_realloc(void *block, size_t size)
{
    void *larger;

    if (DUE("memory") != NULL) {
        errno = ENOMEM;
        return NULL;
    }
    forget_block(block); // before another may be given the same
    larger = __real_realloc(block, size);
    return note_block(larger, size, SITE);
}

char *
__wrap_strdup(const char *text)
{
    if (DUE("memory") != NULL) {
        errno = ENOMEM;
        return NULL;
    }
    return note_block(__real_strdup(text), strlen(text) + 1, SITE);
}

FILE *
__wrap_open_memstream(char **bytes, size_t *size)
{
    if (DUE("memory") != NULL) {
        errno = ENOMEM;
        return NULL;
    }
    return __real_open_memstream(bytes, size);
}

int
__wrap_asprintf(char **text, const char *format, ...)
{
    va_list list;
    int size;

    if (DUE("memory") != NULL) {
        return -1;
    }
    va_start(list, format);
    size = vasprintf(text, format, list);
    va_end(list);
    if (size >= 0) {
        (void)note_block(*text, (size_t)size + 1, SITE);
    }
    return size;
}

void
__wrap_free(void *block)
{
    forget_block(block);
    __real_free(block);
}

// ---- the others ----

// A call that fails as its fault says, by returning failed with that errno.
#define STANDS_BEFORE(type, name, parameters, arguments, failed)               \
    type __real_##name parameters;                                             \
    type __wrap_##name parameters;                                             \
    type __wrap_##name parameters                                              \
    {                                                                          \
        const struct fault *fault = DUE(#name);                                \
                                                                               \
        if (fault == NULL) {                                                   \
            return __real_##name arguments;                                    \
        }                                                                      \
        errno = fault->error;                                                  \
        return failed;                                                         \
    }

// Without an address it ends a monitor, which needs nothing.
int
__real_zmq_socket_monitor(void *socket, const char *address, int events);
int
__wrap_zmq_socket_monitor(void *socket, const char *address, int events);

int
__wrap_zmq_socket_monitor(void *socket, const char *address, int events)
{
    const struct fault *fault =
        address == NULL ? NULL : DUE("zmq_socket_monitor");

    if (fault == NULL) {
        return __real_zmq_socket_monitor(socket, address, events);
    }
    errno = fault->error;
    return -1;
}

// A mode comes only with O_CREAT, which all of ours have.
int
__real_open(const char *path, int flags, ...);
int
__wrap_open(const char *path, int flags, mode_t mode);

int
__wrap_open(const char *path, int flags, mode_t mode)
{
    const struct fault *fault = DUE("open");

    if (fault == NULL) {
        return __real_open(path, flags, mode);
    }
    errno = fault->error;
    return -1;
}

// A commit that fails ends its transaction, as LMDB's does.
int
__real_mdb_txn_commit(MDB_txn *txn);
int
__wrap_mdb_txn_commit(MDB_txn *txn);

int
__wrap_mdb_txn_commit(MDB_txn *txn)
{
    const struct fault *fault = DUE("mdb_txn_commit");

    if (fault == NULL) {
        return __real_mdb_txn_commit(txn);
    }
    mdb_txn_abort(txn);
    return fault->error;
}

// The same of one that may also do less than it was asked to.
#define STANDS_BEFORE_BYTES(name, parameters, arguments, size)                 \
    ssize_t __real_##name parameters;                                          \
    ssize_t __wrap_##name parameters;                                          \
    ssize_t __wrap_##name parameters                                           \
    {                                                                          \
        const struct fault *fault = DUE(#name);                                \
                                                                               \
        if (fault != NULL && fault->error != 0) {                              \
            errno = fault->error;                                              \
            return -1;                                                         \
        }                                                                      \
        if (fault != NULL && (size) > 1) {                                     \
            (size) = 1;                                                        \
        }                                                                      \
        return __real_##name arguments;                                        \
    }

// clang-format off
STANDS_BEFORE_BYTES(recv, (int fd, void *to, size_t size, int flags),
                    (fd, to, size, flags), size)
STANDS_BEFORE_BYTES(send, (int fd, const void *from, size_t size, int flags),
                    (fd, from, size, flags), size)
STANDS_BEFORE_BYTES(read, (int fd, void *to, size_t size),
                    (fd, to, size), size)
STANDS_BEFORE_BYTES(write, (int fd, const void *from, size_t size),
                    (fd, from, size), size)

STANDS_BEFORE(locale_t, newlocale, (int mask, const char *name, locale_t base),
              (mask, name, base), (locale_t)0)
STANDS_BEFORE(int, socket, (int family, int type, int protocol),
              (family, type, protocol), -1)
STANDS_BEFORE(int, connect, (int fd, const struct sockaddr *to, socklen_t size),
              (fd, to, size), -1)
STANDS_BEFORE(int, poll, (struct pollfd *fds, nfds_t count, int timeout),
              (fds, count, timeout), -1)
STANDS_BEFORE(int, shutdown, (int fd, int how), (fd, how), -1)
STANDS_BEFORE(int, getsockopt,
              (int fd, int level, int name, void *value, socklen_t *size),
              (fd, level, name, value, size), -1)
STANDS_BEFORE(int, setsockopt,
              (int fd, int level, int name, const void *value, socklen_t size),
              (fd, level, name, value, size), -1)
STANDS_BEFORE(int, fcntl, (int fd, int command, long argument),
              (fd, command, argument), -1)
STANDS_BEFORE(int, fstat, (int fd, struct stat *about), (fd, about), -1)
STANDS_BEFORE(int, stat, (const char *path, struct stat *about),
              (path, about), -1)
STANDS_BEFORE(int, access, (const char *path, int mode), (path, mode), -1)
STANDS_BEFORE(int, getaddrinfo,
              (const char *node, const char *service,
               const struct addrinfo *hints, struct addrinfo **infos),
              (node, service, hints, infos), fault->error)
STANDS_BEFORE(ssize_t, getrandom, (void *to, size_t size, unsigned flags),
              (to, size, flags), -1)
STANDS_BEFORE(int, eventfd, (unsigned count, int flags), (count, flags), -1)
STANDS_BEFORE(int, epoll_create1, (int flags), (flags), -1)
STANDS_BEFORE(int, epoll_ctl,
              (int watch, int what, int fd, struct epoll_event *event),
              (watch, what, fd, event), -1)
STANDS_BEFORE(int, timerfd_create, (int clock, int flags), (clock, flags), -1)
STANDS_BEFORE(void *, zmq_ctx_new, (void), (), NULL)
STANDS_BEFORE(int, zmq_ctx_term, (void *context), (context), -1)
STANDS_BEFORE(void *, zmq_socket, (void *context, int type),
              (context, type), NULL)
STANDS_BEFORE(int, zmq_bind, (void *socket, const char *address),
              (socket, address), -1)
STANDS_BEFORE(int, zmq_connect, (void *socket, const char *address),
              (socket, address), -1)
STANDS_BEFORE(int, zmq_getsockopt,
              (void *socket, int name, void *value, size_t *size),
              (socket, name, value, size), -1)
STANDS_BEFORE(int, zmq_send,
              (void *socket, const void *from, size_t size, int flags),
              (socket, from, size, flags), -1)
STANDS_BEFORE(int, zmq_recv,
              (void *socket, void *to, size_t size, int flags),
              (socket, to, size, flags), -1)
STANDS_BEFORE(int, zmq_msg_init_size, (zmq_msg_t *message, size_t size),
              (message, size), -1)
STANDS_BEFORE(int, zmq_msg_init_data,
              (zmq_msg_t *message, void *bytes, size_t size,
               zmq_free_fn *done, void *hint),
              (message, bytes, size, done, hint), -1)
STANDS_BEFORE(int, zmq_msg_send, (zmq_msg_t *message, void *socket, int flags),
              (message, socket, flags), -1)
STANDS_BEFORE(int, zmq_msg_recv, (zmq_msg_t *message, void *socket, int flags),
              (message, socket, flags), -1)
STANDS_BEFORE(int, uv_poll_init, (uv_loop_t *loop, uv_poll_t *poll, int fd),
              (loop, poll, fd), fault->error)
STANDS_BEFORE(int, uv_tcp_connect,
              (uv_connect_t *request, uv_tcp_t *tcp, const struct sockaddr *to,
               uv_connect_cb answer),
              (request, tcp, to, answer), fault->error)
STANDS_BEFORE(int, uv_loop_init, (uv_loop_t *loop), (loop), fault->error)
STANDS_BEFORE(int, uv_async_init,
              (uv_loop_t *loop, uv_async_t *async, uv_async_cb heard),
              (loop, async, heard), fault->error)
STANDS_BEFORE(int, uv_thread_create,
              (uv_thread_t *thread, uv_thread_cb run, void *user),
              (thread, run, user), fault->error)
STANDS_BEFORE(int, uv_getaddrinfo,
              (uv_loop_t *loop, uv_getaddrinfo_t *request,
               uv_getaddrinfo_cb answer, const char *node, const char *service,
               const struct addrinfo *hints),
              (loop, request, answer, node, service, hints), fault->error)
STANDS_BEFORE(struct lws_context *, lws_create_context,
              (const struct lws_context_creation_info *info), (info), NULL)
STANDS_BEFORE(struct lws_vhost *, lws_create_vhost,
              (struct lws_context *context,
               const struct lws_context_creation_info *info),
              (context, info), NULL)
STANDS_BEFORE(struct lws *, lws_client_connect_via_info,
              (const struct lws_client_connect_info *info), (info), NULL)
STANDS_BEFORE(int, lws_write,
              (struct lws *wsi, unsigned char *bytes, size_t size,
               enum lws_write_protocol how),
              (wsi, bytes, size, how), -1)
STANDS_BEFORE(int, lws_http_client_read,
              (struct lws *wsi, char **bytes, int *size),
              (wsi, bytes, size), -1)
STANDS_BEFORE(int, RAND_bytes, (unsigned char *to, int size), (to, size), 0)
STANDS_BEFORE(int, EVP_Digest,
              (const void *from, size_t size, unsigned char *digest,
               unsigned *digest_size, const EVP_MD *type, ENGINE *engine),
              (from, size, digest, digest_size, type, engine), 0)
STANDS_BEFORE(SSL_CTX *, SSL_CTX_new, (const SSL_METHOD *method), (method),
              NULL)
STANDS_BEFORE(int, SSL_CTX_load_verify_file,
              (SSL_CTX *context, const char *path), (context, path), 0)
STANDS_BEFORE(int, SSL_CTX_use_certificate_chain_file,
              (SSL_CTX *context, const char *path), (context, path), 0)
STANDS_BEFORE(int, SSL_CTX_use_PrivateKey_file,
              (SSL_CTX *context, const char *path, int type),
              (context, path, type), 0)
STANDS_BEFORE(SSL *, SSL_new, (SSL_CTX *context), (context), NULL)
STANDS_BEFORE(int, SSL_set1_host, (SSL *ssl, const char *name), (ssl, name), 0)
STANDS_BEFORE(int, SSL_write_ex,
              (SSL *ssl, const void *from, size_t size, size_t *written),
              (ssl, from, size, written), 0)
STANDS_BEFORE(BIO *, BIO_new, (const BIO_METHOD *method), (method), NULL)
STANDS_BEFORE(int, BIO_write, (BIO *bio, const void *from, int size),
              (bio, from, size), -1)
STANDS_BEFORE(int, pthread_create,
              (pthread_t *thread, const pthread_attr_t *how,
               void *(*run)(void *user), void *user),
              (thread, how, run, user), fault->error)
STANDS_BEFORE(int, flock, (int fd, int how), (fd, how), -1)
STANDS_BEFORE(ssize_t, pread, (int fd, void *to, size_t size, off_t at),
              (fd, to, size, at), -1)
STANDS_BEFORE(int, mdb_env_create, (MDB_env **made), (made), fault->error)
STANDS_BEFORE(int, mdb_env_set_mapsize, (MDB_env *env, size_t size),
              (env, size), fault->error)
STANDS_BEFORE(int, mdb_env_open,
              (MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode),
              (env, path, flags, mode), fault->error)
STANDS_BEFORE(int, mdb_dbi_open,
              (MDB_txn *txn, const char *name, unsigned flags, MDB_dbi *tree),
              (txn, name, flags, tree), fault->error)
STANDS_BEFORE(int, mdb_txn_begin,
              (MDB_env *env, MDB_txn *above, unsigned flags, MDB_txn **txn),
              (env, above, flags, txn), fault->error)
STANDS_BEFORE(int, mdb_cursor_open,
              (MDB_txn *txn, MDB_dbi tree, MDB_cursor **cursor),
              (txn, tree, cursor), fault->error)
STANDS_BEFORE(int, mdb_cursor_get,
              (MDB_cursor *cursor, MDB_val *key, MDB_val *value,
               MDB_cursor_op what),
              (cursor, key, value, what), fault->error)
STANDS_BEFORE(int, mdb_cursor_put,
              (MDB_cursor *cursor, MDB_val *key, MDB_val *value,
               unsigned flags),
              (cursor, key, value, flags), fault->error)
STANDS_BEFORE(int, mdb_cursor_del, (MDB_cursor *cursor, unsigned flags),
              (cursor, flags), fault->error)
STANDS_BEFORE(int, mdb_get,
              (MDB_txn *txn, MDB_dbi tree, MDB_val *key, MDB_val *value),
              (txn, tree, key, value), fault->error)
STANDS_BEFORE(int, mdb_put,
              (MDB_txn *txn, MDB_dbi tree, MDB_val *key, MDB_val *value,
               unsigned flags),
              (txn, tree, key, value, flags), fault->error)
STANDS_BEFORE(bool, msgpack_zone_init, (msgpack_zone *zone, size_t size),
              (zone, size), false)
STANDS_BEFORE(msgpack_unpack_return, msgpack_unpack,
              (const char *bytes, size_t size, size_t *at, msgpack_zone *zone,
               msgpack_object *object),
              (bytes, size, at, zone, object), MSGPACK_UNPACK_NOMEM_ERROR)
STANDS_BEFORE(X509_STORE *, X509_STORE_new, (void), (), NULL)
STANDS_BEFORE(int, X509_STORE_load_file, (X509_STORE *into, const char *path),
              (into, path), 0)
// clang-format on
