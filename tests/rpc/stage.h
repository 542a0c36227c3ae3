// stage.h - two ends of msgpack-RPC, joined over inproc, and how to call.
//
// Whatever a helper calls is checked; a test goes on as if it went well.
#ifndef HAWSER_TESTS_RPC_STAGE_H
#define HAWSER_TESTS_RPC_STAGE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <hawser/hawser.h>
#include <hawser/rpc.h>

#if defined(__SANITIZE_THREAD__)
enum { SLOWER = 20 };
#elif defined(__SANITIZE_ADDRESS__)
enum { SLOWER = 10 };
#else
enum { SLOWER = 1 };
#endif

enum { PATIENCE_MS = 10000 };

// A thread reads for the right end as long as the stage stands.
struct stage {
    hawser_bus *left_bus, *right_bus;
    hawser_rpc *left, *right;
    char url[64];
    pthread_t reader;
    atomic_bool ends;
};

// settings: "name=value name=value", or NULL.
hawser_rpc *
open_rpc(hawser_bus *bus, const char *url, const char *settings);

void
set_stage(struct stage *stage, const char *left_settings,
          const char *right_settings);

void
end_stage(struct stage *stage);

// The right end is gone, as if its process had died; and is there again.
void
kill_right(struct stage *stage);

// Until the left end knows.
void
await_loss(struct stage *stage);

void
raise_right(struct stage *stage, const char *settings);

// "add" with two numbers, and "echo" with anything; what the right end serves.
void
serve_all(hawser_rpc *rpc);

// A call of a method with one number.
hawser_rpc_request *
request_of(hawser_rpc *rpc, const char *method, uint64_t number);

hawser_rpc_call_options
with_timeout(int64_t timeout_ms);

// Calls it, and expects that number back.
void
expect_echo(hawser_rpc *rpc, uint64_t number);

bool
is_text(const msgpack_object *object, const char *text);

hawser_rpc_stats
stats_of(hawser_rpc *rpc);

#endif
