// guest.h - which transport is tried, with what, as the command line says.
#ifndef HAWSER_CONFORMANCE_GUEST_H
#define HAWSER_CONFORMANCE_GUEST_H

#include "../promises.h"

enum { GUEST_URLS_MAX = 32 };

struct guest {
    const char *url;     // template of the end that is tried
    const char *partner; // of the other end; NULL: the same
    unsigned cannot;     // CAN_…, as --without says
    const char *bad_urls[GUEST_URLS_MAX + 1];
    size_t bad_url_count;
    const char *settings[2 * STAGE_SETTINGS_MAX + 1];
    size_t setting_count;
};

// The stand for it. False after a sentence on stderr.
bool
guest_stand(struct guest *guest, struct stand *stand);

// CAN_… of a word of --without, such as "topics"; 0: it is none.
unsigned
guest_ability(const char *word);

// The word of the first of a set of them.
const char *
guest_ability_name(unsigned set);

#endif
