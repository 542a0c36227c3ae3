// bad.c - a transport that is refused at the door, or would be but for SCHEMES.
//
// Compiled with -DABI=…, -DSCHEMES=…, and -DLACKS_verb for a verb it lacks.
#include <hawser/transport.h>

#ifndef ABI
#define ABI HAWSER_TRANSPORT_ABI
#endif
#ifndef SCHEMES
#define SCHEMES "bad"
#endif
#ifndef SYMBOL
#define SYMBOL hawser_transport_1
#endif

#ifndef LACKS_start
static hawser_status
start(void *uv_loop, void **site)
{
    *site = uv_loop;
    return HAWSER_OK;
}
#endif

#ifndef LACKS_stop
static void
stop(void *site)
{
    (void)site;
}
#endif

#ifndef LACKS_check
static hawser_status
check(const char *url, const hawser_settings *settings, hawser_route *route,
      char *sentence, size_t size)
{
    (void)url;
    (void)settings;
    (void)route;
    (void)sentence;
    (void)size;
    return HAWSER_INVALID;
}
#endif

#ifndef LACKS_dial
static hawser_status
dial(void *site, const hawser_dial *what, hawser_port *port, void **wire,
     char *sentence, size_t size)
{
    (void)site;
    (void)what;
    (void)port;
    (void)wire;
    (void)sentence;
    (void)size;
    return HAWSER_INVALID;
}
#endif

#ifndef LACKS_send
static size_t
send(void *wire, const hawser_message *messages, size_t count)
{
    (void)wire;
    (void)messages;
    (void)count;
    return 0;
}
#endif

#ifndef LACKS_listen
static void
listen(void *wire, int on)
{
    (void)wire;
    (void)on;
}
#endif

#ifndef LACKS_close
static void
close(void *wire, int code, const char *reason)
{
    (void)wire;
    (void)code;
    (void)reason;
}
#endif

HAWSER_API const hawser_transport SYMBOL = {
    .abi = ABI,
    .schemes = SCHEMES,
#ifndef LACKS_start
    .start = start,
#endif
#ifndef LACKS_stop
    .stop = stop,
#endif
#ifndef LACKS_check
    .check = check,
#endif
#ifndef LACKS_dial
    .dial = dial,
#endif
#ifndef LACKS_send
    .send = send,
#endif
#ifndef LACKS_listen
    .listen = listen,
#endif
#ifndef LACKS_close
    .close = close,
#endif
};
