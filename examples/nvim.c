// nvim.c - a small client for Neovim that survives its restart.
//
// Attaches to the current buffer of a running nvim, appends lines to it, and
// hears of every change as a notification. The subscription is a standing
// message, so it is said again on every new connection: kill nvim and start it
// anew, and the events go on.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <hawser/hawser.h>
#include <hawser/rpc.h>

enum { LINES = 10, PAUSE_MS = 200, PATIENCE_MS = 60000, TEXT = 64 };

struct editor {
    hawser_bus *bus;
    hawser_rpc *rpc;
    int heard; // lines that nvim told us of
};

// ---- what nvim says ----

// How many there are.
static int
print_lines(const msgpack_object *lines)
{
    int count = 0;

    for (uint32_t i = 0;
         lines->type == MSGPACK_OBJECT_ARRAY && i < lines->via.array.size;
         i++) {
        const msgpack_object *line = &lines->via.array.ptr[i];

        if (line->type == MSGPACK_OBJECT_STR && line->via.str.size > 0) {
            printf("line: %.*s\n", (int)line->via.str.size, line->via.str.ptr);
            count++;
        }
    }
    fflush(stdout);
    return count;
}

// nvim_buf_lines_event: buffer, tick, first, last, lines, more. With tick nil
// it is the buffer as it was when we attached.
static void
on_lines(void *user, hawser_rpc_question *question)
{
    const msgpack_object *params = hawser_rpc_params(question)->ptr;
    struct editor *editor = user;

    if (params[1].type != MSGPACK_OBJECT_NIL) {
        editor->heard += print_lines(&params[4]);
    } else {
        printf("attached\n");
        fflush(stdout);
    }
    hawser_rpc_question_drop(question);
}

static void
on_event(void *user, const hawser_rpc_event *event)
{
    (void)user;
    if (event->oddity == HAWSER_RPC_LINK) {
        printf("%s %s\n", event->sentence, event->link->error);
    } else {
        printf("odd: %s\n", event->sentence);
    }
    fflush(stdout);
}

// ---- what we say ----

// nvim_buf_attach(0, send_buffer, {}): 0 is the current buffer.
static int
attach(struct editor *editor)
{
    hawser_rpc_request *notice;
    hawser_message *message;
    msgpack_packer *packer;
    int ok;

    if (hawser_rpc_notice_new(editor->rpc, "nvim_buf_attach", 3, &notice) !=
        HAWSER_OK) {
        return 0;
    }
    packer = hawser_rpc_packer(notice);
    msgpack_pack_int(packer, 0);
    msgpack_pack_true(packer);
    msgpack_pack_map(packer, 0);
    if (hawser_rpc_notice_message(notice, &message) != HAWSER_OK) {
        return 0;
    }
    ok = hawser_link_standing_add(editor->bus, hawser_rpc_link(editor->rpc),
                                  message, NULL) == HAWSER_OK;
    hawser_message_drop(message);
    return ok;
}

// nvim_buf_set_lines(0, -1, -1, false, [text]): appends a line.
static hawser_status
append(struct editor *editor, const char *text, hawser_rpc_answer *answer)
{
    hawser_rpc_request *request;
    msgpack_packer *packer;
    hawser_status status =
        hawser_rpc_request_new(editor->rpc, "nvim_buf_set_lines", 5, &request);

    if (status != HAWSER_OK) {
        return status;
    }
    packer = hawser_rpc_packer(request);
    msgpack_pack_int(packer, 0);
    msgpack_pack_int(packer, -1);
    msgpack_pack_int(packer, -1);
    msgpack_pack_false(packer);
    msgpack_pack_array(packer, 1);
    msgpack_pack_str_with_body(packer, text, strlen(text));
    return hawser_rpc_call(request, NULL, answer);
}

static long
now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); // can't fail for this clock
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
listen_for(struct editor *editor, long ms)
{
    long until = now_ms() + ms;

    while (now_ms() < until) {
        (void)hawser_rpc_run(editor->rpc, (int)(until - now_ms() + 1));
    }
}

// A line whose call was lost may be in the buffer or not; nvim's events tell.
static int
edit(struct editor *editor)
{
    long until = now_ms() + PATIENCE_MS;

    for (int number = 1; editor->heard < LINES && now_ms() < until; number++) {
        hawser_rpc_answer answer;
        char text[TEXT];

        (void)snprintf(text, sizeof text, "tick %d", number); // it fits
        if (append(editor, text, &answer) != HAWSER_OK) {
            return 0;
        }
        if (answer.outcome != HAWSER_RPC_RESULT) {
            printf("%s: %s\n", text, answer.sentence);
        }
        hawser_rpc_answer_free(&answer);
        listen_for(editor, PAUSE_MS);
    }
    return editor->heard >= LINES;
}

int
main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "tcp://127.0.0.1:6666";
    struct editor editor = { 0 };
    int ok;

    if (strcmp(url, "--help") == 0) {
        puts("usage: nvim [URL]\n\nAppends lines to the current buffer of a "
             "running nvim, and ends once it was told of\nten. Try it with: "
             "nvim --headless --listen 127.0.0.1:6666, and restart that.");
        return 0;
    }
    ok = hawser_bus_open(NULL, &editor.bus) == HAWSER_OK &&
         hawser_rpc_open(editor.bus, url, NULL, &editor.rpc) == HAWSER_OK;
    if (ok) {
        hawser_rpc_watch(editor.rpc, on_event, &editor);
        ok = hawser_rpc_serve(editor.rpc, "nvim_buf_lines_event", 6, on_lines,
                              &editor) == HAWSER_OK &&
             attach(&editor) && edit(&editor);
    } else {
        fprintf(stderr, "nvim: %s\n", hawser_last_error());
    }
    hawser_rpc_close(editor.rpc);
    (void)hawser_bus_close(editor.bus, 0); // nothing is left in it
    return ok ? 0 : 1;
}
