// calls.c - the calls of an rpc: which is open, which is due, which has ended.
//
// A row's index is the low part of its calls' ids, and a generation the rest:
// so a msgid is found without a search, and none is used again while it is out.
#include "rpc/calls.h"

#include <stdlib.h>
#include <string.h>

bool
hw_calls_init(struct hw_calls *calls, uint32_t rows_max)
{
    memset(calls, 0, sizeof *calls);
    calls->rows = calloc(rows_max, sizeof *calls->rows);
    calls->heap = calloc(rows_max, sizeof *calls->heap);
    calls->rows_max = rows_max;
    while (UINT64_C(1) << calls->index_bits < rows_max) {
        calls->index_bits++;
    }
    return calls->rows != NULL && calls->heap != NULL;
}

void
hw_calls_free(struct hw_calls *calls)
{
    free(calls->rows);
    free(calls->heap);
}

static uint32_t
row_of(const struct hw_calls *calls, const struct hw_call *call)
{
    return (uint32_t)(call - calls->rows);
}

// ---- lists ----

static void
put_last(struct hw_calls *calls, struct hw_call_list *list,
         struct hw_call *call)
{
    uint32_t place = row_of(calls, call) + 1;

    call->before = list->last;
    call->behind = 0;
    if (list->last != 0) {
        calls->rows[list->last - 1].behind = place;
    } else {
        list->first = place;
    }
    list->last = place;
}

static void
take_out(struct hw_calls *calls, struct hw_call_list *list,
         struct hw_call *call)
{
    if (call->before != 0) {
        calls->rows[call->before - 1].behind = call->behind;
    } else {
        list->first = call->behind;
    }
    if (call->behind != 0) {
        calls->rows[call->behind - 1].before = call->before;
    } else {
        list->last = call->before;
    }
}

struct hw_call *
hw_calls_first(struct hw_calls *calls, const struct hw_call_list *list)
{
    return list->first == 0 ? NULL : &calls->rows[list->first - 1];
}

// ---- deadlines: a binary heap that knows where each row is ----

static void
put_at(struct hw_calls *calls, uint32_t at, uint32_t row)
{
    calls->heap[at] = row;
    calls->rows[row].due_at = at + 1;
}

static uint64_t
due(const struct hw_calls *calls, uint32_t at)
{
    return calls->rows[calls->heap[at]].deadline_ms;
}

static void
rise(struct hw_calls *calls, uint32_t at)
{
    uint32_t row = calls->heap[at];
    uint64_t when = calls->rows[row].deadline_ms;

    while (at > 0 && due(calls, (at - 1) / 2) > when) {
        put_at(calls, at, calls->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put_at(calls, at, row);
}

static void
sink(struct hw_calls *calls, uint32_t at)
{
    uint32_t row = calls->heap[at];
    uint64_t when = calls->rows[row].deadline_ms;

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child + 1 < calls->heap_size &&
            due(calls, child + 1) < due(calls, child)) {
            child++;
        }
        if (child >= calls->heap_size || due(calls, child) >= when) {
            break;
        }
        put_at(calls, at, calls->heap[child]);
        at = child;
    }
    put_at(calls, at, row);
}

static void
forget_deadline(struct hw_calls *calls, struct hw_call *call)
{
    uint32_t at = call->due_at;

    if (at == 0) {
        return;
    }
    call->due_at = 0;
    calls->heap_size--;
    if (--at < calls->heap_size) {
        put_at(calls, at, calls->heap[calls->heap_size]);
        rise(calls, at);
        sink(calls, calls->rows[calls->heap[at]].due_at - 1);
    }
}

struct hw_call *
hw_calls_first_due(struct hw_calls *calls)
{
    return calls->heap_size == 0 ? NULL : &calls->rows[calls->heap[0]];
}

// ---- calls ----

struct hw_call *
hw_calls_take(struct hw_calls *calls)
{
    uint64_t generation = UINT64_C(1) << calls->index_bits;
    struct hw_call *rows = calls->rows;
    uint32_t row;

    if (calls->free.first != 0) {
        row = calls->free.first - 1;
        take_out(calls, &calls->free, &rows[row]);
    } else if (calls->rows_used < calls->rows_max) {
        row = calls->rows_used++;
        rows[row].id = row;
    } else {
        return NULL;
    }
    rows[row] = (struct hw_call){
        .id = rows[row].id + generation,
        .state = HW_CALL_WRITTEN,
    };
    return &rows[row];
}

static struct hw_call *
row_at(struct hw_calls *calls, uint64_t id)
{
    uint64_t row = id & ((UINT64_C(1) << calls->index_bits) - 1);

    return row < calls->rows_used ? &calls->rows[row] : NULL;
}

struct hw_call *
hw_calls_find(struct hw_calls *calls, uint64_t id)
{
    struct hw_call *call = row_at(calls, id);

    return call != NULL && call->id == id && call->state != HW_CALL_FREE ? call
                                                                         : NULL;
}

struct hw_call *
hw_calls_awaited(struct hw_calls *calls, uint64_t msgid)
{
    struct hw_call *call = row_at(calls, msgid);

    return call != NULL && (call->id & UINT32_MAX) == msgid &&
                   call->state == HW_CALL_OPEN
               ? call
               : NULL;
}

// ---- tags: as ids, but for a generation that all rows share ----

struct hw_call *
hw_calls_tagged(struct hw_calls *calls, uint64_t tag)
{
    struct hw_call *call = row_at(calls, tag);

    return call != NULL && call->tag == tag && call->state == HW_CALL_OPEN
               ? call
               : NULL;
}

uint64_t
hw_calls_tag(struct hw_calls *calls, struct hw_call *call)
{
    call->tag = ++calls->sent << calls->index_bits | row_of(calls, call);
    return call->tag;
}

void
hw_calls_note_taken(struct hw_calls *calls, uint64_t tag)
{
    if (tag > calls->taken_tag) {
        calls->taken_tag = tag;
    }
}

bool
hw_calls_taken(const struct hw_calls *calls, const struct hw_call *call)
{
    return call->tag <= calls->taken_tag;
}

void
hw_calls_set_overdue(struct hw_calls *calls, struct hw_call *call)
{
    forget_deadline(calls, call);
    call->overdue = true;
    calls->overdue++;
}

// ---- open and ended ----

void
hw_calls_open(struct hw_calls *calls, struct hw_call *call,
              uint64_t deadline_ms)
{
    call->state = HW_CALL_OPEN;
    call->deadline_ms = deadline_ms;
    calls->open++;
    if (deadline_ms != UINT64_MAX) {
        calls->heap[calls->heap_size] = row_of(calls, call);
        rise(calls, calls->heap_size++);
    }
}

static void
leave_open(struct hw_calls *calls, struct hw_call *call)
{
    forget_deadline(calls, call);
    calls->overdue -= call->overdue;
    calls->open--;
}

void
hw_calls_end(struct hw_calls *calls, struct hw_call *call)
{
    leave_open(calls, call);
    call->state = HW_CALL_ENDED;
    put_last(calls, call->on_answer != NULL ? &calls->to_call : &calls->ended,
             call);
}

void
hw_calls_release(struct hw_calls *calls, struct hw_call *call)
{
    if (call->state == HW_CALL_ENDED) {
        take_out(calls,
                 call->on_answer != NULL ? &calls->to_call : &calls->ended,
                 call);
    } else if (call->state == HW_CALL_OPEN) {
        leave_open(calls, call);
    }
    call->state = HW_CALL_FREE;
    put_last(calls, &calls->free, call);
}
