// demo_show.c - what a person sees of the demo.
#include "demo.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

const char *
demo_grouped(uint64_t number)
{
    static char buffers[8][32];
    static unsigned turn;
    char digits[24];
    char *to = buffers[turn++ % 8];
    int size = snprintf(digits, sizeof digits, "%" PRIu64, number);
    const char *result = to;

    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0) {
            *to++ = ' ';
        }
        *to++ = digits[i];
    }
    *to = '\0';
    return result;
}

void
demo_show_line(const struct demo_show *show, const char *format, ...)
{
    va_list values;

    if (show->quiet) {
        return;
    }
    (void)fprintf(stderr, "%6.2f s  ", bench_now() - show->start);
    va_start(values, format);
    (void)vfprintf(stderr, format, values);
    va_end(values);
    (void)fputc('\n', stderr);
}

static void
row(const char *name, const char *value, const char *note)
{
    (void)printf("  %-14s %14s%s%s\n", name, value,
                 note[0] != '\0' ? "   " : "", note);
}

static const char *
in_ms(double ms, char text[32])
{
    (void)snprintf(text, 32, ms < 0 ? "-" : "%.0f ms", ms); // always fits
    return text;
}

void
demo_show_table(const struct demo_result *result)
{
    char heal[32];
    char outage[32];

    (void)putchar('\n');
    row("sent", demo_grouped(result->sent), "numbered messages");
    row("settled", demo_grouped(result->settled), "confirmed by the server");
    row("lost", demo_grouped(result->lost),
        "by what the server really read in all its lives");
    row("duplicates", demo_grouped(result->duplicates),
        "unconfirmed at a kill, so sent again");
    row("out of order", demo_grouped(result->disorder), "within a connection");
    row("kills", demo_grouped(result->kills), "SIGKILL, without warning");
    row("reconnects", demo_grouped(result->reconnects), "");
    row("time to heal", in_ms(result->heal_ms_p50, heal),
        "p50, from the server's return until messages flow");
    row("outage", in_ms(result->outage_ms_p50, outage),
        "p50, from the kill until messages flow");
    (void)printf("\n%s\n", result->lost == 0 && result->kills > 0
                               ? "Nothing was lost."
                               : "Messages were lost.");
}

void
demo_show_json(const struct demo_result *result)
{
    json_t *object = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "sent",
        (json_int_t)result->sent, "settled", (json_int_t)result->settled,
        "lost", (json_int_t)result->lost, "duplicates",
        (json_int_t)result->duplicates, "kills", (json_int_t)result->kills,
        "reconnects", (json_int_t)result->reconnects, "disorder",
        (json_int_t)result->disorder, "echoes", (json_int_t)result->echoes);
    const struct {
        const char *name;
        double value;
    } values[] = {
        { "heal_ms_p50", result->heal_ms_p50 },
        { "outage_ms_p50", result->outage_ms_p50 },
        { "secs", result->secs },
    };

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        double rounded = (double)(int64_t)(values[i].value * 100 + 0.5) / 100;
        // Without memory the line lacks it, and whoever reads it complains.
        (void)json_object_set_new(object, values[i].name,
                                  values[i].value < 0 ? json_null()
                                                      : json_real(rounded));
    }
    (void)json_dumpf(object, stdout, JSON_REAL_PRECISION(9)); // as above
    (void)putchar('\n');
    json_decref(object);
}
