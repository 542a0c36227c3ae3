"""planted.py - the faults that tests/storm/plant plants.

Each is a change of one file: texts that stand there once, and what is to stand
there instead.
"""
from typing import NamedTuple


class Fault(NamedTuple):
    name: str
    file: str
    changes: list


QUEUE = "src/actors/queue.c"
SENDER = "src/actors/sender.c"
SUPERVISOR = "src/actors/supervisor.c"
BACKOFF = "src/actors/backoff.c"
HEARTBEAT = "src/actors/heartbeat.c"
RECEIVER = "src/actors/receiver.c"
SPOOL = "src/actors/spool.c"
MIDST = "src/actors/spool_midst.c"
AGAIN = "src/actors/spool_again.c"
LANES = "src/actors/lanes.c"
STOCK = "src/actors/stock.c"
RATE = "src/actors/rate.c"
KEYS = "src/actors/keys.c"
PORT = "src/wire/port.c"
STORE = "src/disk/store.c"
STORE_WRITE = "src/disk/store_write.c"
RECORD = "src/disk/record.c"

FAULTS = [
    # ---- wires that are gone ----
    Fault("queue hears of any wire", QUEUE, [(
        """row->stock.plan == NULL || row->gate == HW_GATE_SHUT ||
                row->wire != letter->wire;""",
        "row->stock.plan == NULL || row->gate == HW_GATE_SHUT;")]),
    Fault("queue hears behind a shut gate", QUEUE, [(
        """row->stock.plan == NULL || row->gate == HW_GATE_SHUT ||
                row->wire != letter->wire;""",
        "row->stock.plan == NULL;")]),
    Fault("supervisor hears of any wire", SUPERVISOR, [(
        "row != NULL && row->live && row->wire == letter->wire",
        "row != NULL && row->live")]),
    Fault("sender takes mail for any wire", SENDER, [(
        """    if (row->wire == 0 || row->wire != letter->wire) {
        hw_batch_drop(letter->thing);""",
        """    if (row->wire == 0) {
        hw_batch_drop(letter->thing);""")]),
    Fault("sender hears barriers of any wire", SENDER, [(
        """    if (row->wire == 0 || row->wire != letter->wire) {
        return;
    }
    // Passing is""",
        """    if (row->wire == 0) {
        return;
    }
    // Passing is""")]),
    Fault("receiver hands on what is late", RECEIVER, [
        ("(int32_t)(letter->wire - row->wire) < 0", "false"),
        ("} else if (letter->wire != row->wire) {",
         "} else if ((int32_t)(letter->wire - row->wire) > 0) {")]),
    # ---- settling ----
    Fault("taken settles with confirm=peer", QUEUE, [(
        "row != NULL && row->stock.confirm == HW_CONFIRM_NONE",
        "row != NULL && row->stock.confirm != HW_CONFIRM_APPLICATION")]),
    Fault("taken settles with confirm=application", QUEUE, [(
        "row != NULL && row->stock.confirm == HW_CONFIRM_NONE",
        "row != NULL && row->stock.confirm != HW_CONFIRM_PEER")]),
    Fault("a barrier counts what is taken later", SENDER, [(
        """passed.position > row->confirmed) {
        row->confirmed = passed.position;
        say(self, HW_QUEUE, HW_LETTER_PASSED, letter->link, passed.position);""",
        """row->taken > row->confirmed) {
        row->confirmed = row->taken;
        say(self, HW_QUEUE, HW_LETTER_PASSED, letter->link, row->taken);""")]),
    Fault("a barrier is not asked anew", SENDER, [(
        """        return row->asked[row->asked_count - 1].at_us / 1000 +
               (uint64_t)settings->confirm_timeout;""",
        "        return settings->confirm_timeout < 0 ? 0 : NEVER;")]),
    Fault("settling one settles all before it", STOCK, [(
        "    if (said->all_before) {", "    if (spool != NULL) {")]),
    Fault("settling up to one leaves what waits again", MIDST, [(
        """    hw_spool_take_out_until(spool, &at, end, HAWSER_SETTLED, &sum, left, user);
    return sum;""",
        "    (void)at;\n    return sum;")]),
    # ---- waiting again ----
    Fault("nothing waits again after a loss", QUEUE, [(
        "    hw_stock_rewind(&row->stock, &ear);", "    (void)ear;")]),
    Fault("what was in flight is passed over", AGAIN, [(
        "    spool->next = spool->head;\n    spool->waiting = spool->counted;",
        """    if (again > 4) {
        hw_spool_move(&spool->head, 1);
    }
    spool->next = spool->head;
    spool->waiting = spool->counted;""")]),
    Fault("what is sent again is not counted", LANES, [(
        "    return again - older->messages;", "    return 0;")]),
    # ---- gates and greetings ----
    Fault("standing messages are not said anew", QUEUE, [(
        "        hw_standing_begin(&row->standing);\n", "")]),
    Fault("queued traffic passes any open gate", QUEUE, [(
        "row->wanted && row->gate == HW_GATE_FLOW",
        "row->wanted && row->gate != HW_GATE_SHUT")]),
    Fault("copies of standing messages outlive their wire", AGAIN, [(
        "    if (spool->copies > 0) {\n        give_up_copies(spool);\n    }\n",
        "    (void)give_up_copies;\n")]),
    Fault("a copy keeps a flush waiting", SPOOL, [(
        """    while (mark.batch != NULL &&
           !hw_spool_is_counted(&mark.batch->messages[mark.at])) {
        hw_spool_move(&mark, 1);
    }
    return mark.batch""", "    return mark.batch")]),
    # ---- time to live ----
    Fault("what has expired is handed on", LANES, [(
        """    add(expired,
        hw_spool_expire_next(spool, ear->now_ms, ear->left, ear->user));
    return""", "    (void)expired;\n    (void)ear;\n    return")]),
    Fault("nobody looks when something expires", STOCK, [(
        "spool != NULL && spool->due_ms != 0 && spool->due_ms < due_ms",
        "spool != NULL && due_ms == 0")]),
    Fault("a time to live begins anew after a loss", AGAIN, [(
        "    spool->due_ms = spool->latest_ms != 0 ? 1 : 0;",
        "    spool->due_ms = 0;")]),
    Fault("a message's own time to live is ignored", STOCK, [(
        "    int64_t ttl_ms = batch->policy.ttl_ms;\n",
        "    int64_t ttl_ms = batch->policy.ttl_ms < 0 ? -1 : 0;\n")]),
    # ---- keys ----
    Fault("a newer message does not replace its key", STOCK, [(
        "    struct hw_batch *older = hw_keys_find(&stock->keys, &batch->policy);",
        "    struct hw_batch *older = NULL;")]),
    Fault("a key is remembered when its message is gone", MIDST, [(
        "        hw_spool_forget_key(spool, mark->batch);\n", "")]),
    Fault("keys are not compared after a loss", AGAIN, [(
        "        if (is_older_of_key(spool, mark.batch)) {",
        "        if (false && is_older_of_key(spool, mark.batch)) {")]),
    Fault("after a loss the older of a key is kept", AGAIN, [(
        "other == NULL || other->number < batch->number",
        "other == NULL || other->number > batch->number")]),
    # ---- lanes ----
    Fault("the highest lane goes first for ever", LANES, [(
        "        more->credits[lane] -= run.count;\n", "")]),
    Fault("what is settled is looked for in one lane", LANES, [(
        "        settle_lane(lanes, run.lane, run.position, ear, &sum);",
        "        settle_lane(lanes, HAWSER_NORMAL, run.position, ear, &sum);")]),
    Fault("runs of lanes outlive their wire", LANES, [(
        "        lanes->more->count = 0;\n", "        (void)0;\n")]),
    # ---- rates ----
    Fault("tokens are not taken", STOCK, [(
        "        hw_stock_spend(stock, run.count, ear->now_us);\n", "")]),
    Fault("a bucket holds twice its burst", RATE, [(
        "(uint64_t)(burst > least ? burst : least) * between_ns(per_second)",
        "(uint64_t)(burst > least ? burst : least) * 2 * between_ns(per_second)")]),
    Fault("who has taken all wants no more", SENDER, [(
        "        .note = row->left == 0,", "        .note = row->left == 7,")]),
    Fault("greetings take no token", QUEUE, [(
        "        hw_stock_spend(&row->stock, 1, now_us);", "        (void)now_us;")]),
    Fault("nobody waits for the next token", QUEUE, [(
        "        at_ms = due_ms < at_ms ? due_ms : at_ms;",
        "        at_ms = due_ms < at_ms ? at_ms : at_ms;")]),
    # ---- what a wire can send to nobody ----
    Fault("what nobody is to have is settled", SENDER, [(
        "        note_refused(self, link);\n", "        (void)note_refused;\n")]),
    Fault("the next one is refused instead", PORT, [(
        "(ports->refused[index / 64] >> index % 64 & 1) != 0;",
        "(ports->refused[(index + 1) / 64] >> (index + 1) % 64 & 1) != 0;")]),
    # ---- dials ----
    Fault("dials take half a token", BACKOFF, [(
        "hw_rate_take(&self->dials, self->dials_per_second, taken, now_us);",
        "hw_rate_take(&self->dials, self->dials_per_second, taken / 2, now_us);"
    )]),
    Fault("whose turn it is to dial is not looked for", BACKOFF, [(
        "                                     turn_at(self));",
        "                                     turn_at(self) + 1000000);")]),
    # ---- asking and cancelling ----
    Fault("what is in flight is cancelled", STOCK, [(
        "    if (phase == HAWSER_PHASE_WAITING) {",
        "    if (phase != HAWSER_PHASE_GONE) {")]),
    Fault("a cancelled message goes out all the same", MIDST, [(
        "    hw_spool_mark_gone(mark->batch, mark->at);\n    let_gone_go",
        "    if (fate != HAWSER_DROPPED || mark->batch->count < 3) {\n"
        "        hw_spool_mark_gone(mark->batch, mark->at);\n    }\n    let_gone_go")]),
    Fault("what waits again is said to be in flight", "src/actors/spool.h", [(
        "    return mark->position >= spool->next.position;",
        "    return mark->position > spool->next.position;")]),
    # ---- limits ----
    Fault("drop-oldest drops nothing", STOCK, [(
        "    if (stock->plan->settings->overflow == HW_OVERFLOW_DROP_OLDEST) {",
        "    if (stock->plan->settings->overflow > HW_OVERFLOW_DROP_NEWEST) {")]),
    Fault("room is not told of", STOCK, [(
        "    if (sum.messages > 0 && hw_meter_blocked(meter)) {",
        "    if (sum.messages > 1 && hw_meter_blocked(meter)) {")]),
    Fault("bytes are not given back", STOCK, [(
        "    HW_METER_ADD(meter->released_bytes, sum.bytes);",
        "    HW_METER_ADD(meter->released_bytes, sum.bytes > 200 ? 200 : sum.bytes);")]),
    Fault("the receiver never stops listening", RECEIVER, [(
        "if (!row->deaf && is_full(row)) {",
        "if (!row->deaf && is_full(row) && row->wire == 0) {")]),
    Fault("the receiver stays deaf", RECEIVER, [(
        "    } else if (row->deaf && has_room_again(row)) {",
        "    } else if (row->deaf && has_room_again(row) && row->wire == 1) {")]),
    # ---- time and the rest ----
    Fault("the backoff has no cap", BACKOFF, [(
        "return (uint64_t)(wait < max ? wait : max);",
        "(void)max;\n    return (uint64_t)(wait < 1e15 ? wait : 1e15);")]),
    Fault("the backoff forgets the third attempt", BACKOFF, [(
        "        } else {\n            join_line(self, link);",
        "        } else if (self->rows[link].attempt != 3) {\n"
        "            join_line(self, link);")]),
    Fault("nobody says that a peer is silent", HEARTBEAT, [(
        "say(self, HW_SUPERVISOR, HW_LETTER_SILENT, letter->link, idle);",
        "(void)idle;")]),
    Fault("a drain has no deadline", SUPERVISOR, [(
        "    hw_deadlines_set(&self->drains, link, row->drain_at_ms);",
        "    (void)row->drain_at_ms;")]),
    Fault("the sender skips a message when a wire is full", SENDER, [(
        "    row->at += count;\n    row->left -= count;",
        "    row->at += count + (row->left > count + 1 && count > 3);\n"
        "    row->left -= count + (row->left > count + 1 && count > 3);")]),
    Fault("the port forgets a batch at the end of a wire", PORT, [(
        "    hw_port_say_batch(port);\n    if (row->port == port) {",
        "    if (port->batch != NULL) {\n        hw_batch_drop(port->batch);\n"
        "        port->batch = NULL;\n    }\n    if (row->port == port) {")]),
    # ---- files ----
    Fault("what is cancelled stays in its file", MIDST, [(
        "    hw_spool_note_gone(spool, mark->batch, mark->at, 1);\n", "")]),
    Fault("what is replaced stays in its file", AGAIN, [(
        "    hw_spool_note_gone(spool, older, 0, 1);\n", "")]),
    Fault("what is settled is told to the file twice", SPOOL, [(
        "        hw_spool_note_gone(spool, batch, spool->head.at, 1);\n",
        "        hw_spool_note_gone(spool, batch, spool->head.at, 1);\n"
        "        if (spool->head.at > 2) {\n"
        "            hw_spool_note_gone(spool, batch, spool->head.at, 1);\n        }\n")]),
    Fault("a write that failed counts as done", STORE_WRITE, [(
        """    if (rc == MDB_SUCCESS) {
        writing->store->next_key = writing->next_key;
    }""", "    writing->store->next_key = writing->next_key;")]),
    Fault("what is gone stays on the disk", STORE_WRITE, [(
        "        rc = remove_run(writing, &change->gone[i]);",
        "        rc = change->gone[i].count > 3\n"
        "                 ? MDB_SUCCESS\n"
        "                 : remove_run(writing, &change->gone[i]);")]),
    Fault("a file forgets priorities", RECORD, [(
        "    return (uint8_t)(batch->policy.lane |",
        "    return (uint8_t)((batch->policy.lane & 1) |")]),
    Fault("a file gives the last key again", STORE, [(
        "store->next_key = hw_key_read(key.mv_data) + 1;",
        "store->next_key = hw_key_read(key.mv_data);")]),
]
