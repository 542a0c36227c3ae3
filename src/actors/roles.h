// roles.h - the six, by name.
#ifndef HW_ACTORS_ROLES_H
#define HW_ACTORS_ROLES_H

#include "loop/actor.h"

extern const struct hw_role hw_role_supervisor;
extern const struct hw_role hw_role_queue;
extern const struct hw_role hw_role_sender;
extern const struct hw_role hw_role_receiver;
extern const struct hw_role hw_role_backoff;
extern const struct hw_role hw_role_heartbeat;

#endif
