// guest.c - which transport is tried, with what, as the command line says.
#include "guest.h"

#include <stdio.h>
#include <string.h>

#include "../stands.h"
#include "../template.h"
#include "wire/schemes.h"

static const struct {
    const char *word;
    unsigned ability;
} abilities[] = {
    { "kinds", CAN_KINDS },         { "topics", CAN_TOPICS },
    { "barriers", CAN_BARRIERS },   { "cut", CAN_CUT },
    { "gauge", CAN_GAUGE },         { "miss", CAN_MISS },
    { "goodbye", CAN_SAY_GOODBYE }, { "reading", CAN_PROVE_READING },
    { "life", CAN_PROVE_LIFE },
};

enum { ABILITIES = sizeof abilities / sizeof abilities[0] };

unsigned
guest_ability(const char *word)
{
    for (size_t i = 0; i < ABILITIES; i++) {
        if (strcmp(abilities[i].word, word) == 0) {
            return abilities[i].ability;
        }
    }
    return 0;
}

const char *
guest_ability_name(unsigned set)
{
    for (size_t i = 0; i < ABILITIES; i++) {
        if ((abilities[i].ability & set) != 0) {
            return abilities[i].word;
        }
    }
    return "nothing";
}

// ---- a transport that came along: twins of it meet ----

static char scheme[40];
static char unreachable[PARTNER_URL_SIZE];

// What no transport takes, whatever its scheme.
static void
add_bad_urls(struct guest *guest)
{
    static const char *const endings[] = { "",       "://",      ":/x",
                                           "://a b", "://\x01x", "://a\n" };
    static char texts[sizeof endings / sizeof endings[0]][64];

    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "%s%s", scheme,
                       endings[i]); // fits
        guest->bad_urls[guest->bad_url_count++] = texts[i];
    }
    guest->bad_urls[guest->bad_url_count++] = "other://name";
    guest->bad_urls[guest->bad_url_count++] = "";
}

// A URL of the template that check takes, with nobody there. False after a
// sentence.
static bool
try_template(const struct guest *guest, const hawser_transport *transport,
             const char *text)
{
    static struct stage stage; // for its settings
    struct template_values values;
    hawser_route route;
    char sentence[256] = "";

    stage.settings.stage = &stage;
    memset(stage.set, 0, sizeof stage.set);
    stage_set(&stage, guest->settings);
    template_fresh(&values);
    template_fill(text, &values, unreachable, sizeof unreachable);
    if (transport->check(unreachable, &stage.settings, &route, sentence,
                         sizeof sentence) != HAWSER_OK) {
        (void)fprintf(stderr, "hawser-conformance: %s: %s\n", unreachable,
                      sentence);
        return false;
    }
    return true;
}

static bool
set_up_twins(struct guest *guest, struct stand *stand)
{
    const char *far_end = guest->partner == NULL ? guest->url : guest->partner;

    if (!try_template(guest, stand->transport, far_end) ||
        !try_template(guest, stand->transport, guest->url)) {
        return false;
    }
    partner_twin_meets_at(guest->url, far_end);
    add_bad_urls(guest);
    stand->name = scheme;
    stand->honest = stand->transport;
    stand->partner = &partner_twin;
    stand->can = ~0U;
    if (stand->transport->barrier == NULL) {
        stand->can &=
            ~(unsigned)(CAN_BARRIERS | CAN_PROVE_READING | CAN_PROVE_LIFE);
    }
    if (stand->transport->gauge == NULL) {
        stand->can &= ~(unsigned)CAN_GAUGE;
    }
    stand->bad_urls = guest->bad_urls;
    stand->unreachable = unreachable;
    return true;
}

// ---- one that is built in has a partner built in ----

static bool
set_up_host(const struct guest *guest, struct stand *stand)
{
    const char *rest = strstr(guest->url, "://") + 3;

    if (rest[0] != '\0' || guest->partner != NULL) {
        (void)fprintf(stderr,
                      "hawser-conformance: %s has a partner of its own, which "
                      "says where it is: write %s://\n",
                      scheme, scheme);
        return false;
    }
    return stand_of(scheme, stand);
}

bool
guest_stand(struct guest *guest, struct stand *stand)
{
    size_t size = strcspn(guest->url, ":");
    struct stand none = { .transport = hw_scheme_transport(guest->url) };
    bool known;

    if (strncmp(guest->url + size, "://", 3) != 0 || size >= sizeof scheme) {
        (void)fprintf(stderr,
                      "hawser-conformance: \"%s\" is no URL: it has no "
                      "scheme\n",
                      guest->url);
        return false;
    }
    memcpy(scheme, guest->url, size);
    *stand = none;
    if (stand_of(scheme, &none)) {
        known = set_up_host(guest, stand);
    } else if (stand->transport != NULL) {
        known = set_up_twins(guest, stand);
    } else {
        (void)fprintf(stderr,
                      "hawser-conformance: no transport has the scheme "
                      "%s://; --load brings one\n",
                      scheme);
        known = false;
    }
    stand->can &= ~guest->cannot;
    for (const char *const *its = stand->settings;
         known && its != NULL && *its != NULL; its++) {
        guest->settings[guest->setting_count * 2] = its[0]; // what -o says wins
        guest->settings[guest->setting_count++ * 2 + 1] = *++its;
    }
    stand->settings = guest->settings;
    return known;
}
