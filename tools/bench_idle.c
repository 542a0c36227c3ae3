// bench_idle.c - what a link costs that does nothing.
#include "bench.h"

enum { DEFAULT_COUNT = 1000 };

enum tool_exit
bench_idle(struct bench *bench)
{
    enum tool_exit status;
    double start;
    long before;

    bench->count = bench->count == 0 ? DEFAULT_COUNT : bench->count;
    status = bench_open_first_links(bench, NULL);
    before = bench_own_kib();
    start = bench_now();
    if (status != TOOL_OK) {
        return status;
    }
    status = bench_open_links(bench, bench->count, NULL);
    if (status != TOOL_OK) {
        return status;
    }
    bench_note(bench, "secs", bench_now() - start, 6, "s until all were up");
    bench_note(bench, "threads", (double)bench_threads(), 0, "threads");
    bench_note(bench, "fds", (double)bench_descriptors(), 0,
               "file descriptors");
    bench_note(bench, "kib_per_link",
               (double)(bench_own_kib() - before) / (double)bench->count, 1,
               "KiB of user memory for each link");
    return TOOL_OK;
}
